import { MemoryRepository } from '../../../../adapters/repositories/fake/memory-repository.ts'
import { testRepository } from '../../../conformance/repository.ts'

testRepository('memory', async () => new MemoryRepository('nas'))
