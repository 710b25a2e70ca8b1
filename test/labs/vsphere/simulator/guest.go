package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vim25/xml"
)

// Guest operations, which the library has for containers only: what VMware Tools do is done in the machine behind the VM.

const guestFile = "/guestFile"

// guestLogin is an account of the guest that Tools let in.
type guestLogin struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

// guestDeed is what Tools are to do in a guest; the machine behind answers with a guestDone.
type guestDeed struct {
	Act  string `json:"act"` // always "guest"
	VM   string `json:"vm"`
	Do   string `json:"do"` // folder, put, size, get, start, look, remove
	User string `json:"user"`
	Path string `json:"path"`
	Line string `json:"line"` // what the guest's shell reads
	Data []byte `json:"data"`
	PID  int64  `json:"pid"`
}

type guestDone struct {
	Path  string `json:"path"`
	Data  []byte `json:"data"`
	Size  int64  `json:"size"`
	PID   int64  `json:"pid"`
	Ended bool   `json:"ended"`
}

// ticket is an address for one file, that lets in whoever has it.
type ticket struct {
	deed guestDeed
}

type guestCalls struct {
	Validate *types.ValidateCredentialsInGuest      `xml:"urn:vim25 ValidateCredentialsInGuest"`
	Start    *types.StartProgramInGuest             `xml:"urn:vim25 StartProgramInGuest"`
	List     *types.ListProcessesInGuest            `xml:"urn:vim25 ListProcessesInGuest"`
	Make     *types.CreateTemporaryDirectoryInGuest `xml:"urn:vim25 CreateTemporaryDirectoryInGuest"`
	Delete   *types.DeleteDirectoryInGuest          `xml:"urn:vim25 DeleteDirectoryInGuest"`
	Put      *types.InitiateFileTransferToGuest     `xml:"urn:vim25 InitiateFileTransferToGuest"`
	Get      *types.InitiateFileTransferFromGuest   `xml:"urn:vim25 InitiateFileTransferFromGuest"`
}

// nameAuthManager: the library has none.
func nameAuthManager() {
	for _, entity := range []types.ManagedObjectReference{
		{Type: "GuestOperationsManager", Value: "guestOperationsManager"}, {Type: "GuestOperationsManager", Value: "ha-guest-operations-manager"},
	} {
		if manager, ok := simulator.Map.Get(entity).(*simulator.GuestOperationsManager); ok {
			manager.AuthManager = &types.ManagedObjectReference{Type: "GuestAuthManager", Value: "guestOperationsAuthManager"}
		}
	}
}

func isGuestCall(method string) bool {
	return strings.HasSuffix(method, "InGuest") || strings.HasSuffix(method, "ToGuest") || strings.HasSuffix(method, "FromGuest")
}

func readGuestCall(body []byte) (calls guestCalls, err error) {
	var envelope struct {
		Body guestCalls
	}
	decoder := xml.NewDecoder(bytes.NewReader(body))
	decoder.TypeFunc = types.TypeFunc()
	err = decoder.Decode(&envelope)
	return envelope.Body, err
}

func (c guestCalls) whom() (vm types.ManagedObjectReference, auth types.BaseGuestAuthentication) {
	switch {
	case c.Validate != nil:
		return c.Validate.Vm, c.Validate.Auth
	case c.Start != nil:
		return c.Start.Vm, c.Start.Auth
	case c.List != nil:
		return c.List.Vm, c.List.Auth
	case c.Make != nil:
		return c.Make.Vm, c.Make.Auth
	case c.Delete != nil:
		return c.Delete.Vm, c.Delete.Auth
	case c.Put != nil:
		return c.Put.Vm, c.Put.Auth
	case c.Get != nil:
		return c.Get.Vm, c.Get.Auth
	}
	return vm, auth
}

func (f *front) guest(w http.ResponseWriter, r *http.Request, request call) {
	if !f.admit(w, r) {
		return
	}
	calls, err := readGuestCall(request.body)
	ref, auth := calls.whom()
	vm, ok := simulator.Map.Get(ref).(*simulator.VirtualMachine)
	if err != nil || !ok {
		soapFault(w, "InvalidArgument", "not a call of the guest operations", "")
		return
	}
	if vm.Runtime.PowerState != poweredOn {
		soapFault(w, "InvalidPowerState", "The attempted operation cannot be performed in the current state (Powered off).", "")
		return
	}
	login, ok := auth.(*types.NamePasswordAuthentication)
	if !ok || f.logins[f.originOf(vm.Name)] != (guestLogin{login.Username, login.Password}) {
		soapFault(w, "InvalidGuestLogin", "Failed to authenticate with the guest operating system using the supplied credentials.", "")
		return
	}
	deed := guestDeed{Act: "guest", VM: vm.Name, User: login.Username}
	switch {
	case calls.Make != nil:
		deed.Do, deed.Path = "folder", calls.Make.Prefix
	case calls.Delete != nil:
		deed.Do, deed.Path = "remove", calls.Delete.DirectoryPath
	case calls.Start != nil:
		start := calls.Start.Spec.(*types.GuestProgramSpec)
		deed.Do, deed.Line = "start", fmt.Sprintf("%q %s", start.ProgramPath, start.Arguments)
	case calls.List != nil && len(calls.List.Pids) == 1:
		deed.Do, deed.PID = "look", calls.List.Pids[0]
	case calls.Get != nil:
		deed.Do, deed.Path = "size", calls.Get.GuestFilePath
	case calls.Put != nil:
		answer(w, request.method, fmt.Sprintf(`<returnval>%s</returnval>`, f.issue(guestDeed{Act: "guest", VM: vm.Name, User: deed.User, Do: "put", Path: calls.Put.GuestFilePath})))
		return
	default:
		deed.Do = "ping"
	}
	done, refused := f.inGuest(deed)
	if refused != "" {
		soapFault(w, "GuestOperationsUnavailable", "The guest operations agent could not be contacted.", "")
		return
	}
	answer(w, request.method, f.guestAnswer(deed, done))
}

func (f *front) guestAnswer(deed guestDeed, done guestDone) string {
	switch deed.Do {
	case "folder":
		return fmt.Sprintf(`<returnval>%s</returnval>`, done.Path)
	case "start":
		return fmt.Sprintf(`<returnval>%d</returnval>`, done.PID)
	case "look":
		if done.PID == 0 {
			return ""
		}
		ended := ""
		if done.Ended {
			ended = fmt.Sprintf(`<endTime>%s</endTime><exitCode>0</exitCode>`, time.Now().UTC().Format(time.RFC3339))
		}
		return fmt.Sprintf(`<returnval><name>sh</name><pid>%d</pid><owner>%s</owner><cmdLine></cmdLine><startTime>%s</startTime>%s</returnval>`,
			done.PID, deed.User, time.Now().UTC().Format(time.RFC3339), ended)
	case "size":
		deed.Do = "get"
		return fmt.Sprintf(`<returnval><attributes xsi:type="GuestPosixFileAttributes"></attributes><size>%d</size><url>%s</url></returnval>`, done.Size, f.issue(deed))
	}
	return ""
}

// issue gives the address by which the deed's file travels.
func (f *front) issue(deed guestDeed) (address string) {
	f.locked(func() {
		f.made++
		token := fmt.Sprintf("token-%d", f.made)
		f.tickets[token] = ticket{deed}
		address = fmt.Sprintf("https://%s%s?id=1&amp;token=%s", f.fileHost, guestFile, token)
	})
	return address
}

func (f *front) transfer(w http.ResponseWriter, r *http.Request) {
	broken := f.take(r.Method + " " + guestFile)
	if broken.Where == "before" {
		drop(w)
		return
	}
	var found ticket
	f.locked(func() { found = f.tickets[r.URL.Query().Get("token")] })
	deed := found.deed
	if broken.Status != 0 || deed.Do == "" || (deed.Do == "put") != (r.Method == http.MethodPut) {
		http.Error(w, "no such file", http.StatusInternalServerError)
		return
	}
	deed.Data, _ = io.ReadAll(io.LimitReader(r.Body, 64<<20))
	done, refused := f.inGuest(deed)
	if refused != "" {
		http.Error(w, "the guest did not", http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(done.Data)
}

// originOf names the VM whose disks a copy has, and with them its accounts.
func (f *front) originOf(vm string) string {
	origin := vm
	f.locked(func() {
		if source, ok := f.origins[vm]; ok {
			origin = source
		}
	})
	return origin
}

func (f *front) inGuest(deed guestDeed) (done guestDone, refused string) {
	text, _ := json.Marshal(deed)
	response, err := http.Post(f.hook, "application/json", bytes.NewReader(text))
	if err != nil {
		return done, err.Error()
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return done, "the machine behind refused"
	}
	if err := json.NewDecoder(response.Body).Decode(&done); err != nil {
		return done, err.Error()
	}
	return done, ""
}
