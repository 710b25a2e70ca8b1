package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

const restSession = "POST /com/vmware/cis/session"

// rest lets the simulator answer a call of the REST API, unless a rule for its method and path says otherwise. The library takes any
// user and password, and says nothing where it refuses.
func (f *front) rest(w http.ResponseWriter, r *http.Request) {
	method := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/rest")
	broken := f.take(method)
	time.Sleep(time.Duration(broken.DelayMs) * time.Millisecond)
	user, password, _ := r.BasicAuth()
	switch {
	case broken.Where == "before":
		drop(w)
	case broken.Status != 0:
		restRefusal(w, broken.Status, broken.Fault)
	case method == restSession && (user != f.user || password != f.password):
		restRefusal(w, http.StatusUnauthorized, "Authentication required.")
	default:
		f.inner.ServeHTTP(w, r)
	}
}

func restRefusal(w http.ResponseWriter, status int, words string) {
	message := map[string]string{"default_message": words}
	value := map[string]interface{}{"messages": []interface{}{message}}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]interface{}{"type": "com.vmware.vapi.std.errors.error", "value": value})
}
