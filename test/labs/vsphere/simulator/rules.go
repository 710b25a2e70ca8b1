package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// rule is one thing that goes wrong, for the next call of a method, or for the next so many.
type rule struct {
	Method  string `json:"method"`  // "*": any
	Fault   string `json:"fault"`   // type of the API
	Detail  string `json:"detail"`  // XML inside the fault of a call
	Where   string `json:"where"`   // call (a fault), task (a failed task), before, after (the connection is cut, work undone or done)
	DelayMs int    `json:"delayMs"` // for the call, or for the task
	Times   int    `json:"times"`   // 1 unless given
	Status  int    `json:"status"`  // an answer that is no SOAP
}

func (f *front) take(method string) rule {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[method]++
	for i, each := range f.rules {
		if each.Method != method && each.Method != "*" {
			continue
		}
		found := *each
		if each.Times--; each.Times <= 0 {
			f.rules = append(f.rules[:i:i], f.rules[i+1:]...)
		}
		return found
	}
	return rule{}
}

// settings are what a test changes at a VM while it runs; what is left out stays.
type settings struct {
	VM               string    `json:"vm"`
	Disabled         *[]string `json:"disabledMethod"`
	Tolerance        *string   `json:"faultToleranceState"`
	Connection       *string   `json:"connectionState"`
	Consolidation    *bool     `json:"consolidationNeeded"`
	Template         *bool     `json:"template"`
	Power            *string   `json:"power"`
	FreeBytes        *int64    `json:"freeBytes"` // of every datastore
	Nas              *nasShare `json:"nas"`       // what every datastore is, in place of disks of a host
	ToolsRunning     *bool     `json:"toolsRunning"`
	Reset            bool      `json:"reset"`
	Host             *string   `json:"host"` // its id, after a migration
	SnapshotAgeHours *int      `json:"snapshotAgeHours"`
}

// nasShare is a share as vCenter tells of it: RemoteHostNames is there for NFS 4.1 only.
type nasShare struct {
	Host  string   `json:"host"`
	Path  string   `json:"path"`
	Type  string   `json:"type"` // NFS, NFS41, CIFS
	Hosts []string `json:"hosts"`
}

func (n nasShare) info(datastore *simulator.Datastore) *types.NasDatastoreInfo {
	old := datastore.Info.GetDatastoreInfo()
	volume := &types.HostNasVolume{RemoteHost: n.Host, RemotePath: n.Path, RemoteHostNames: n.Hosts}
	volume.Type, volume.Name = n.Type, old.Name
	return &types.NasDatastoreInfo{DatastoreInfo: *old, Nas: volume}
}

func (s settings) apply() bool {
	if s.Nas != nil {
		for _, entity := range simulator.Map.All("Datastore") {
			datastore := entity.(*simulator.Datastore)
			datastore.Info, datastore.Summary.Type = s.Nas.info(datastore), s.Nas.Type
		}
	}
	if s.FreeBytes != nil {
		for _, entity := range simulator.Map.All("Datastore") {
			entity.(*simulator.Datastore).Summary.FreeSpace = *s.FreeBytes
		}
	}
	for _, vm := range allVMs() {
		if vm.Name != s.VM {
			continue
		}
		simulator.Map.WithLock(vm, func() { s.applyTo(vm) })
		return true
	}
	return s.VM == ""
}

func (s settings) applyTo(vm *simulator.VirtualMachine) {
	var changes []types.PropertyChange
	set := func(name string, value interface{}) {
		changes = append(changes, types.PropertyChange{Name: name, Val: value})
	}
	if s.Disabled != nil {
		set("disabledMethod", *s.Disabled)
	}
	if s.Tolerance != nil {
		set("runtime.faultToleranceState", types.VirtualMachineFaultToleranceState(*s.Tolerance))
	}
	if s.Connection != nil {
		set("runtime.connectionState", types.VirtualMachineConnectionState(*s.Connection))
	}
	if s.Consolidation != nil {
		set("runtime.consolidationNeeded", *s.Consolidation)
	}
	if s.Template != nil {
		set("config.template", *s.Template)
	}
	if s.ToolsRunning != nil {
		state := types.VirtualMachineToolsRunningStatusGuestToolsNotRunning
		if *s.ToolsRunning {
			state = types.VirtualMachineToolsRunningStatusGuestToolsRunning
		}
		set("guest.toolsRunningStatus", string(state))
	}
	if s.Reset {
		set("runtime.bootTime", time.Now())
	}
	if s.Host != nil {
		set("runtime.host", &types.ManagedObjectReference{Type: "HostSystem", Value: *s.Host})
	}
	if s.Power != nil {
		set("runtime.powerState", types.VirtualMachinePowerState(*s.Power))
	}
	if s.SnapshotAgeHours != nil && vm.Snapshot != nil {
		eachNode(vm.Snapshot.RootSnapshotList, func(node *types.VirtualMachineSnapshotTree) {
			node.CreateTime = node.CreateTime.Add(-time.Duration(*s.SnapshotAgeHours) * time.Hour)
		})
	}
	simulator.Map.Update(vm, changes)
}

// control is the tests' own door: POST /lab/rules, /lab/clear, /lab/vm, /lab/privileges, /lab/expire; GET /lab/state.
func (f *front) control(w http.ResponseWriter, r *http.Request) {
	decode := func(into interface{}) bool {
		err := json.NewDecoder(r.Body).Decode(into)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
		return err == nil
	}
	switch strings.TrimPrefix(r.URL.Path, "/lab/") {
	case "rules":
		added := &rule{}
		if !decode(added) {
			return
		}
		if added.Times == 0 {
			added.Times = 1
		}
		f.locked(func() { f.rules = append(f.rules, added) })
	case "clear":
		f.locked(func() { f.rules = nil })
	case "vm":
		changed := settings{}
		if !decode(&changed) {
			return
		}
		if !changed.apply() {
			http.Error(w, "no such VM", http.StatusNotFound)
			return
		}
	case "privileges":
		missing := []string{}
		if !decode(&missing) {
			return
		}
		f.locked(func() { f.missing = missing })
	case "files":
		host := ""
		if !decode(&host) {
			return
		}
		f.locked(func() { f.fileHost = host })
	case "expire":
		f.locked(func() {
			for session := range f.sessions {
				f.expired[session] = true
			}
			f.sessions = map[string]bool{}
		})
	}
	memory := map[string]int32{}
	for _, vm := range allVMs() {
		memory[vm.Name] = vm.Config.Hardware.MemoryMB
	}
	f.locked(func() {
		_ = json.NewEncoder(w).Encode(map[string]interface{}{
			"calls": f.calls, "sessions": len(f.sessions), "rules": len(f.rules), "tasks": f.tasks, "underWay": f.underWay,
			"memoryMib": memory,
		})
	})
}

func (f *front) locked(work func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	work()
}
