package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"

	"github.com/vmware/govmomi/vim25/types"
)

var (
	callPattern      = regexp.MustCompile(`<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)`)
	thisPattern      = regexp.MustCompile(`<(?:\w+:)?_this\s[^>]*?type="(\w+)"[^>]*>([^<]+)<`)
	taskPattern      = regexp.MustCompile(`<returnval type="Task">([^<]+)<`)
	faultPattern     = regexp.MustCompile(`<(\w+)Fault xmlns`)
	privilegePattern = regexp.MustCompile(`<(?:\w+:)?privId[^>]*>([^<]*)<`)
	sessionPattern   = regexp.MustCompile(`vmware_soap_session=([^;]+)`)
)

const envelope = `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>%s</soapenv:Body></soapenv:Envelope>`

// call is one request, as far as the front looks into it.
type call struct {
	method string
	this   types.ManagedObjectReference
	body   []byte
}

func readCall(body []byte) (c call, ok bool) {
	method, this := callPattern.FindSubmatch(body), thisPattern.FindSubmatch(body)
	if method == nil || this == nil {
		return c, false
	}
	ref := types.ManagedObjectReference{Type: string(this[1]), Value: string(this[2])}
	return call{method: string(method[1]), this: ref, body: body}, true
}

// raw gives what stands in an element, entities as they are; empty where there is none.
func (c call) raw(name string) string {
	found := regexp.MustCompile(`(?s)<(?:\w+:)?` + name + `(?:\s[^>]*)?>([^<]*)<`).FindSubmatch(c.body)
	if found == nil {
		return ""
	}
	return string(found[1])
}

func (c call) has(name string) bool {
	return regexp.MustCompile(`<(?:\w+:)?` + name + `[\s/>]`).Match(c.body)
}

func respond(w http.ResponseWriter, status int, inner string) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, envelope, inner)
}

func answer(w http.ResponseWriter, method, inner string) {
	respond(w, http.StatusOK, fmt.Sprintf(`<%sResponse xmlns="urn:vim25">%s</%sResponse>`, method, inner, method))
}

// soapFault writes a fault as vCenter does; detail is what stands inside of it.
func soapFault(w http.ResponseWriter, kind, message, detail string) {
	respond(w, http.StatusInternalServerError, fmt.Sprintf(
		`<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>%s</faultstring><detail><%sFault xmlns="urn:vim25" xsi:type="%s">%s</%sFault></detail></soapenv:Fault>`,
		message, kind, kind, detail, kind))
}

func makeFault(name string) types.BaseMethodFault {
	if kind, ok := types.TypeFunc()(name); ok {
		if fault, ok := reflect.New(kind).Interface().(types.BaseMethodFault); ok {
			return fault
		}
	}
	return &types.SystemError{Reason: name}
}

func copyOut(w http.ResponseWriter, recorded *httptest.ResponseRecorder) {
	for name, values := range recorded.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(recorded.Code)
	_, _ = w.Write(recorded.Body.Bytes())
}

// drop ends the connection without an answer.
func drop(w http.ResponseWriter) {
	if hijacker, ok := w.(http.Hijacker); ok {
		if connection, _, err := hijacker.Hijack(); err == nil {
			_ = connection.Close()
		}
	}
}
