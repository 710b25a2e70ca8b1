package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	mostLevels    = 32
	longestName   = 80
	keptTasks     = 30
	poweredOn     = types.VirtualMachinePowerStatePoweredOn
	poweredOff    = types.VirtualMachinePowerStatePoweredOff
	waitForEvents = 5 * time.Millisecond
)

// descriptions are how vCenter itself calls tasks of snapshots; it may leave their other name out.
var descriptions = map[string]string{
	"CreateSnapshotEx_Task": "VirtualMachine.createSnapshotEx",
	"CreateSnapshot_Task":   "VirtualMachine.createSnapshot",
	"RemoveSnapshot_Task":   "vm.Snapshot.remove",
	"RevertToSnapshot_Task": "vm.Snapshot.revert",
	"CloneVM_Task":          "VirtualMachine.clone",
	"ReconfigVM_Task":       "VirtualMachine.reconfigure",
	"Destroy_Task":          "VirtualMachine.destroy",
}

// startTask answers with the task at once; the work is done when its time is over.
func (f *front) startTask(w http.ResponseWriter, r *http.Request, request call, broken rule) {
	if !f.admit(w, r) {
		return
	}
	vm := vmOf(request.this)
	if vm == nil {
		soapFault(w, "ManagedObjectNotFound", "The object has already been deleted or has not been completely created",
			fmt.Sprintf(`<obj type="%s">%s</obj>`, request.this.Type, request.this.Value))
		return
	}
	if kind := inTheWay(vm, request.method); kind != "" {
		soapFault(w, kind, "Another task is already in progress.", "")
		return
	}
	var task *simulator.Task
	name := strings.ToLower(request.method[:1]) + strings.TrimSuffix(request.method[1:], "_Task") + "Task"
	task = simulator.CreateTask(vm.Self, name, func(*simulator.Task) (result types.AnyType, fault types.BaseMethodFault) {
		defer func() {
			if failure := recover(); failure != nil {
				result, fault = nil, &types.SystemError{Reason: fmt.Sprint(failure)}
			}
		}()
		if broken.Where == "task" && broken.Fault != "" {
			return nil, makeFault(broken.Fault)
		}
		return f.work(r, request, vm)
	})
	if real, ok := descriptions[request.method]; ok {
		task.Info.DescriptionId, task.Info.Name = real, ""
	}
	f.locked(func() { f.tasks[request.method]++; f.underWay++ })
	remember(vm, task)
	go func() {
		run(task, time.Duration(broken.DelayMs)*time.Millisecond)
		f.locked(func() { f.underWay-- })
	}()
	answer(w, request.method, fmt.Sprintf(`<returnval type="Task">%s</returnval>`, task.Self.Value))
}

func run(task *simulator.Task, delay time.Duration) {
	update := func(changes ...types.PropertyChange) {
		simulator.Map.WithLock(task, func() { simulator.Map.Update(task, changes) })
	}
	update(types.PropertyChange{Name: "info.state", Val: types.TaskInfoStateRunning})
	for step := int32(1); step <= 4; step++ {
		time.Sleep(delay/4 + waitForEvents)
		update(types.PropertyChange{Name: "info.progress", Val: step * 24})
	}
	task.Run()
}

func remember(vm *simulator.VirtualMachine, task *simulator.Task) {
	simulator.Map.WithLock(vm, func() {
		recent := append(append([]types.ManagedObjectReference{}, vm.RecentTask...), task.Self)
		if len(recent) > keptTasks {
			recent = recent[len(recent)-keptTasks:]
		}
		simulator.Map.Update(vm, []types.PropertyChange{{Name: "recentTask", Val: recent}})
	})
}

// inTheWay names the fault with which the call is refused.
func inTheWay(vm *simulator.VirtualMachine, method string) string {
	for _, disabled := range vm.DisabledMethod {
		if disabled == strings.Replace(method, "Ex_", "_", 1) {
			return "MethodDisabled"
		}
	}
	for _, ref := range vm.RecentTask {
		if task, ok := simulator.Map.Get(ref).(*simulator.Task); ok {
			if task.Info.State == types.TaskInfoStateQueued || task.Info.State == types.TaskInfoStateRunning {
				return "TaskInProgress"
			}
		}
	}
	return ""
}

// work does what the call wants: first with the machine behind, then in the simulator.
func (f *front) work(r *http.Request, request call, vm *simulator.VirtualMachine) (types.AnyType, types.BaseMethodFault) {
	switch request.method {
	case "CreateSnapshot_Task", "CreateSnapshotEx_Task":
		return f.createSnapshot(r, request, vm)
	case "RemoveSnapshot_Task":
		return f.removeSnapshot(r, request, vm)
	case "RevertToSnapshot_Task":
		if fault := f.tell(deed{Act: "revert", VM: vm.Name, Image: f.images[request.this.Value]}); fault != nil {
			return nil, fault
		}
		setPower(vm, poweredOff)
		return f.inSimulator(r, request.body)
	case "ConsolidateVMDisks_Task":
		simulator.Map.Update(vm, []types.PropertyChange{{Name: "runtime.consolidationNeeded", Val: false}})
		return nil, nil
	case "PowerOnVM_Task":
		if vm.Runtime.PowerState == poweredOn {
			return nil, &types.InvalidPowerState{RequestedState: poweredOn, ExistingState: poweredOn}
		}
		fault := f.tell(deed{Act: "start", VM: vm.Name, UUID: vm.Config.Uuid})
		if fault == nil {
			setPower(vm, poweredOn)
		}
		return nil, fault
	case "PowerOffVM_Task":
		if vm.Runtime.PowerState == poweredOff {
			return nil, &types.InvalidPowerState{RequestedState: poweredOff, ExistingState: poweredOff}
		}
		fault := f.tell(deed{Act: "stop", VM: vm.Name})
		if fault == nil {
			setPower(vm, poweredOff)
		}
		return nil, fault
	case "CloneVM_Task":
		return f.cloneVM(r, request, vm)
	case "ReconfigVM_Task":
		return nil, f.reconfigureVM(request, vm)
	case "Destroy_Task":
		if vm.Runtime.PowerState != poweredOff {
			return nil, &types.InvalidPowerState{RequestedState: poweredOff, ExistingState: vm.Runtime.PowerState}
		}
		if fault := f.tell(deed{Act: "destroy", VM: vm.Name}); fault != nil {
			return nil, fault
		}
	}
	return f.inSimulator(r, request.body)
}

func (f *front) createSnapshot(r *http.Request, request call, vm *simulator.VirtualMachine) (types.AnyType, types.BaseMethodFault) {
	name := unescape(request.raw("name"))
	if len(name) > longestName {
		return nil, &types.InvalidName{Name: name}
	}
	if s := vm.Snapshot; s != nil && s.CurrentSnapshot != nil && depth(s.RootSnapshotList, *s.CurrentSnapshot, 1) >= mostLevels {
		return nil, &types.TooManySnapshotLevels{}
	}
	f.mu.Lock()
	f.made++
	image := fmt.Sprintf("image-%d", f.made)
	f.mu.Unlock()
	quiesced := canQuiesce(vm) && (request.raw("quiesce") == "true" || request.has("quiesceSpec"))
	if quiesced && f.tell(deed{Act: "freeze", VM: vm.Name}) != nil {
		_ = f.tell(deed{Act: "thaw", VM: vm.Name})
		return nil, &types.ApplicationQuiesceFault{}
	}
	fault := f.tell(deed{Act: "snapshot", VM: vm.Name, Image: image})
	if quiesced {
		_ = f.tell(deed{Act: "thaw", VM: vm.Name})
	}
	if fault != nil {
		return nil, fault
	}
	older := fmt.Sprintf(envelope, fmt.Sprintf(`<CreateSnapshot_Task xmlns="urn:vim25"><_this type="VirtualMachine">%s</_this><name>%s</name><description>%s</description><memory>false</memory><quiesce>false</quiesce></CreateSnapshot_Task>`,
		vm.Self.Value, request.raw("name"), request.raw("description")))
	result, fault := f.inSimulator(r, []byte(older))
	if made, ok := result.(types.ManagedObjectReference); ok {
		f.locked(func() { f.images[made.Value] = image })
		eachNode(vm.Snapshot.RootSnapshotList, func(node *types.VirtualMachineSnapshotTree) {
			if node.Snapshot == made {
				node.Quiesced = quiesced
				if request.raw("memory") != "true" {
					node.State = poweredOff
				}
			}
		})
	}
	return result, fault
}

// canQuiesce: without running Tools vSphere leaves quiescing out and says nothing.
func canQuiesce(vm *simulator.VirtualMachine) bool {
	running := string(types.VirtualMachineToolsRunningStatusGuestToolsRunning)
	return vm.Runtime.PowerState == poweredOn && vm.Guest != nil && vm.Guest.ToolsRunningStatus == running
}

func (f *front) removeSnapshot(r *http.Request, request call, vm *simulator.VirtualMachine) (types.AnyType, types.BaseMethodFault) {
	if fault := f.tell(deed{Act: "remove", VM: vm.Name, Image: f.images[request.this.Value]}); fault != nil {
		return nil, fault
	}
	// The library panics when the current root goes and its children stay.
	if s := vm.Snapshot; s != nil && s.CurrentSnapshot != nil && *s.CurrentSnapshot == request.this && depth(s.RootSnapshotList, request.this, 1) == 1 {
		s.CurrentSnapshot = nil
	}
	return f.inSimulator(r, request.body)
}

// inSimulator gives the end of the task that the library has already done when it answers.
func (f *front) inSimulator(r *http.Request, body []byte) (types.AnyType, types.BaseMethodFault) {
	recorded := f.pass(r, body)
	found := taskPattern.FindSubmatch(recorded.Body.Bytes())
	if found == nil {
		if fault := faultPattern.FindSubmatch(recorded.Body.Bytes()); fault != nil {
			return nil, makeFault(string(fault[1]))
		}
		return nil, &types.SystemError{Reason: recorded.Body.String()}
	}
	task := simulator.Map.Get(types.ManagedObjectReference{Type: "Task", Value: string(found[1])}).(*simulator.Task)
	defer simulator.Map.Remove(task.Self)
	if task.Info.Error != nil {
		return nil, task.Info.Error.Fault
	}
	return task.Info.Result, nil
}

// deed is what the machine behind a VM is to do.
type deed struct {
	Act   string `json:"act"`
	VM    string `json:"vm"`
	Image string `json:"image"`
	UUID  string `json:"uuid"` // what the firmware says from a start on
	Copy  string `json:"copy"` // the name of the VM that a clone makes, or that a VM gets
}

// tell asks the machine behind to do the deed, and waits for it.
func (f *front) tell(wanted deed) types.BaseMethodFault {
	if f.hook == "" {
		return nil
	}
	text, _ := json.Marshal(wanted)
	response, err := http.Post(f.hook, "application/json", bytes.NewReader(text))
	if err != nil {
		return &types.SystemError{Reason: err.Error()}
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusOK {
		return nil
	}
	words, _ := io.ReadAll(response.Body)
	return &types.SystemError{Reason: string(words)}
}

func setPower(vm *simulator.VirtualMachine, state types.VirtualMachinePowerState) {
	changes := []types.PropertyChange{{Name: "runtime.powerState", Val: state}, {Name: "summary.runtime.powerState", Val: state}}
	if state == poweredOn {
		now := time.Now()
		changes = append(changes, types.PropertyChange{Name: "runtime.bootTime", Val: now})
	}
	simulator.Map.WithLock(vm, func() { simulator.Map.Update(vm, changes) })
}

func vmOf(ref types.ManagedObjectReference) *simulator.VirtualMachine {
	switch object := simulator.Map.Get(ref).(type) {
	case *simulator.VirtualMachine:
		return object
	case *simulator.VirtualMachineSnapshot:
		vm, _ := simulator.Map.Get(object.Vm).(*simulator.VirtualMachine)
		return vm
	}
	return nil
}

func eachNode(tree []types.VirtualMachineSnapshotTree, visit func(*types.VirtualMachineSnapshotTree)) {
	for i := range tree {
		visit(&tree[i])
		eachNode(tree[i].ChildSnapshotList, visit)
	}
}

func depth(tree []types.VirtualMachineSnapshotTree, ref types.ManagedObjectReference, level int) int {
	for _, node := range tree {
		if node.Snapshot == ref {
			return level
		}
		if found := depth(node.ChildSnapshotList, ref, level+1); found > 0 {
			return found
		}
	}
	return 0
}

func unescape(text string) string {
	var decoded string
	_ = xml.Unmarshal([]byte("<t>"+text+"</t>"), &decoded)
	return decoded
}
