import { OPERATIONS, TYPES } from './operations.ts'

/** What the API calls its namespace, and the version of it that we speak: of vSphere 6.5, which later ones understand. */
const NAMESPACE = 'urn:vim25'
const SOAP_ACTION = `${NAMESPACE}/6.5`

/**
 * The part of the API's description that `soap` needs for our calls: it orders the parameters by it. VMware's own is 3 MB,
 * and reading it costs a second of processor time. Answers are declared as anything: values.ts reads them.
 */
export function wsdl(): string {
  const names = Object.keys(OPERATIONS)
  return `<?xml version="1.0" encoding="UTF-8"?>
<definitions targetNamespace="${NAMESPACE}" xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:vim25="${NAMESPACE}"
  xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/">
<types><schema targetNamespace="${NAMESPACE}" xmlns="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified">
${Object.entries(TYPES).map(complexType).join('\n')}
${Object.entries(OPERATIONS).map(elements).join('\n')}
</schema></types>
${names.map(messages).join('\n')}
<portType name="VimPortType">${names.map(operation).join('')}</portType>
<binding name="VimBinding" type="vim25:VimPortType">
<soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>${names.map(binding).join('')}</binding>
<service name="VimService"><port binding="vim25:VimBinding" name="VimPort"><soap:address location="/sdk"/></port></service>
</definitions>`
}

function complexType([name, fields]: [string, readonly string[]]): string {
  return `<complexType name="${name}"><sequence>${fields.map(field).join('')}</sequence></complexType>`
}

function elements([name, fields]: [string, readonly string[]]): string {
  const request = complexType([`${name}RequestType`, ['_this', ...fields]])
  const answer = `<element name="${name}Response"><complexType><sequence>${field('returnval')}</sequence></complexType></element>`
  return `${request}<element name="${name}" type="vim25:${name}RequestType"/>${answer}`
}

function field(text: string): string {
  const [name = '', type] = text.split(':')
  const qualified = type === undefined ? 'xsd:anyType' : `vim25:${type}`
  return `<element name="${name}" type="${qualified}" minOccurs="0"/>`
}

function messages(name: string): string {
  const message = (kind: string, element: string) =>
    `<message name="${name}${kind}"><part name="parameters" element="vim25:${element}"/></message>`
  return message('RequestMsg', name) + message('ResponseMsg', `${name}Response`)
}

function operation(name: string): string {
  const [input, output] = [`vim25:${name}RequestMsg`, `vim25:${name}ResponseMsg`]
  return `<operation name="${name}"><input message="${input}"/><output message="${output}"/></operation>`
}

function binding(name: string): string {
  const body = '<soap:body use="literal"/>'
  const action = `<soap:operation soapAction="${SOAP_ACTION}" style="document"/>`
  return `<operation name="${name}">${action}<input>${body}</input><output>${body}</output></operation>`
}
