package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// front stands before the simulator in the same process and adds what a client of snapshots meets at a real vCenter:
// tasks that take time, locks, calls that the library lacks, the power state after a revert, and whatever a rule says.
type front struct {
	inner http.Handler
	hook  string
	// Who may log in at the REST API.
	user, password string

	mu       sync.Mutex
	rules    []*rule
	missing  []string
	sessions map[string]bool
	expired  map[string]bool
	calls    map[string]int
	tasks    map[string]int
	underWay int
	// Names of snapshots for the machine behind, by the snapshot's id.
	images map[string]string
	made   int
	// By the collector's id.
	follows map[string]*followed
	// Accounts of guests by the VM's name, of whom a copy is, addresses of files, and the host that they name.
	logins   map[string]guestLogin
	origins  map[string]string
	tickets  map[string]ticket
	fileHost string
}

func newFront(inner http.Handler, hook string) *front {
	return &front{
		inner: inner, hook: hook, calls: map[string]int{}, follows: map[string]*followed{},
		logins: map[string]guestLogin{}, origins: map[string]string{}, tickets: map[string]ticket{}, fileHost: "*", tasks: map[string]int{}, images: map[string]string{},
		sessions: map[string]bool{}, expired: map[string]bool{},
	}
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/lab/") {
		f.control(w, r)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/rest/") {
		f.rest(w, r)
		return
	}
	if r.URL.Path == guestFile {
		f.transfer(w, r)
		return
	}
	body, _ := io.ReadAll(io.LimitReader(r.Body, 8<<20))
	request, ok := readCall(body)
	if r.Method != http.MethodPost || r.URL.Path != "/sdk" || !ok {
		http.NotFound(w, r)
		return
	}
	broken := f.take(request.method)
	if broken.Where != "task" && !isTask(request.method) {
		time.Sleep(time.Duration(broken.DelayMs) * time.Millisecond)
	}
	switch {
	case broken.Where == "before":
		drop(w)
	case broken.Status != 0:
		http.Error(w, "<html><body>Service Unavailable</body></html>", broken.Status)
	case broken.Where == "call":
		soapFault(w, broken.Fault, "injected "+broken.Fault, broken.Detail)
	case f.isExpired(r):
		soapFault(w, "NotAuthenticated", "The session is not authenticated.", "")
	case broken.Where == "after":
		f.serve(httptest.NewRecorder(), r, request, broken)
		drop(w)
	default:
		f.serve(w, r, request, broken)
	}
}

func isTask(method string) bool { return strings.HasSuffix(method, "_Task") }

func (f *front) serve(w http.ResponseWriter, r *http.Request, request call, broken rule) {
	switch {
	case isTask(request.method):
		f.startTask(w, r, request, broken)
	case request.method == "FindAllByUuid":
		if f.admit(w, r) {
			f.findAllByUUID(w, request)
		}
	case request.method == "RenameSnapshot":
		if f.admit(w, r) {
			f.describeSnapshot(w, request)
		}
	case isGuestCall(request.method):
		f.guest(w, r, request)
	case request.method == "WaitForUpdatesEx" && f.taskUpdates(w, r, request):
	case request.method == "HasPrivilegeOnEntities" && len(f.missing) > 0:
		f.privileges(w, request)
	default:
		recorded := f.pass(r, request.body)
		f.remember(request.method, r, recorded)
		if request.method == "CreateFilter" && recorded.Code == http.StatusOK {
			f.follow(request, recorded.Body.Bytes())
		}
		copyOut(w, recorded)
	}
}

// pass lets the simulator answer. What it panics at becomes a fault.
func (f *front) pass(r *http.Request, body []byte) (recorded *httptest.ResponseRecorder) {
	inner := r.Clone(r.Context())
	inner.Body, inner.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	recorded = httptest.NewRecorder()
	defer func() {
		if failure := recover(); failure != nil {
			recorded = httptest.NewRecorder()
			soapFault(recorded, "SystemError", fmt.Sprint(failure), "")
		}
	}()
	f.inner.ServeHTTP(recorded, inner)
	return recorded
}

// admit answers with a fault and false where the caller has not logged in.
func (f *front) admit(w http.ResponseWriter, r *http.Request) bool {
	const probe = `<_this type="ServiceInstance">ServiceInstance</_this>`
	body := fmt.Sprintf(envelope, `<CurrentTime xmlns="urn:vim25">`+probe+`</CurrentTime>`)
	recorded := f.pass(r, []byte(body))
	if recorded.Code == http.StatusOK {
		return true
	}
	copyOut(w, recorded)
	return false
}

func (f *front) remember(method string, r *http.Request, recorded *httptest.ResponseRecorder) {
	if recorded.Code != http.StatusOK {
		return
	}
	f.locked(func() {
		if found := sessionPattern.FindStringSubmatch(recorded.Header().Get("Set-Cookie")); method == "Login" && found != nil {
			f.sessions[found[1]] = true
		}
		if method == "Logout" {
			delete(f.sessions, sessionOf(r))
		}
	})
}

func sessionOf(r *http.Request) string {
	if found := sessionPattern.FindStringSubmatch(r.Header.Get("Cookie")); found != nil {
		return found[1]
	}
	return ""
}

func (f *front) isExpired(r *http.Request) (expired bool) {
	f.locked(func() { expired = f.expired[sessionOf(r)] })
	return expired
}

func (f *front) findAllByUUID(w http.ResponseWriter, request call) {
	uuid, found := request.raw("uuid"), ""
	for _, vm := range allVMs() {
		own := vm.Config.Uuid
		if request.raw("instanceUuid") == "true" {
			own = vm.Config.InstanceUuid
		}
		if strings.EqualFold(own, uuid) {
			found += fmt.Sprintf(`<returnval type="VirtualMachine">%s</returnval>`, vm.Self.Value)
		}
	}
	answer(w, request.method, found)
}

// describeSnapshot is what the library lacks of RenameSnapshot.
func (f *front) describeSnapshot(w http.ResponseWriter, request call) {
	vm := vmOf(request.this)
	if vm == nil {
		soapFault(w, "ManagedObjectNotFound", "The object has already been deleted or has not been completely created",
			fmt.Sprintf(`<obj type="%s">%s</obj>`, request.this.Type, request.this.Value))
		return
	}
	description := unescape(request.raw("description"))
	simulator.Map.WithLock(vm, func() {
		eachNode(vm.Snapshot.RootSnapshotList, func(node *types.VirtualMachineSnapshotTree) {
			if node.Snapshot == request.this {
				node.Description = description
			}
		})
	})
	answer(w, request.method, "")
}

func (f *front) privileges(w http.ResponseWriter, request call) {
	availability := ""
	for _, found := range privilegePattern.FindAllSubmatch(request.body, -1) {
		id, granted := string(found[1]), true
		for _, missing := range f.missing {
			granted = granted && missing != id
		}
		availability += fmt.Sprintf(`<privAvailability><privId>%s</privId><isGranted>%t</isGranted></privAvailability>`, id, granted)
	}
	entity := fmt.Sprintf(`<entity type="VirtualMachine">%s</entity>`, request.raw("entity"))
	answer(w, request.method, `<returnval>`+entity+availability+`</returnval>`)
}
