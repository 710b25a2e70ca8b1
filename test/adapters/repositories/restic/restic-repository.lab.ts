// runs beside other labs
// time limit: 1200 s
import { testRepository } from '../../../conformance/repository.ts'
import { newResticRepository } from '../../../labs/restic-repository.ts'

testRepository('restic', async () => (await newResticRepository()).repository)
