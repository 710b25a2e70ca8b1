package main

import (
	"bytes"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vim25/xml"
)

// reconfigureVM is what the library does by halves: a name that the machine behind has too, and lines of the configuration
// that replace those of their key.
func (f *front) reconfigureVM(request call, vm *simulator.VirtualMachine) types.BaseMethodFault {
	wanted, fault := readReconfiguration(request.body)
	if fault != nil {
		return fault
	}
	name := wanted.Spec.Name
	if name != "" && name != vm.Name {
		for _, other := range allVMs() {
			if other.Name == name && other.Parent != nil && vm.Parent != nil && *other.Parent == *vm.Parent {
				return &types.DuplicateName{Name: name, Object: other.Self}
			}
		}
		if fault := f.tell(deed{Act: "rename", VM: vm.Name, Copy: name}); fault != nil {
			return fault
		}
	}
	simulator.Map.WithLock(vm, func() {
		changes := []types.PropertyChange{{Name: "config.extraConfig", Val: merged(vm.Config.ExtraConfig, wanted.Spec.ExtraConfig)}}
		if name != "" {
			changes = append(changes, types.PropertyChange{Name: "name", Val: name}, types.PropertyChange{Name: "config.name", Val: name})
		}
		simulator.Map.Update(vm, changes)
	})
	return nil
}

func readReconfiguration(body []byte) (*types.ReconfigVM_Task, types.BaseMethodFault) {
	var envelope struct {
		Body struct {
			Reconfigure *types.ReconfigVM_Task `xml:"urn:vim25 ReconfigVM_Task"`
		}
	}
	decoder := xml.NewDecoder(bytes.NewReader(body))
	decoder.TypeFunc = types.TypeFunc()
	if err := decoder.Decode(&envelope); err != nil || envelope.Body.Reconfigure == nil {
		return nil, &types.InvalidArgument{InvalidProperty: "spec"}
	}
	return envelope.Body.Reconfigure, nil
}

func merged(lines, changes []types.BaseOptionValue) []types.BaseOptionValue {
	all := append([]types.BaseOptionValue{}, lines...)
	for _, change := range changes {
		at := -1
		for i, line := range all {
			if line.GetOptionValue().Key == change.GetOptionValue().Key {
				at = i
			}
		}
		if at == -1 {
			all = append(all, change)
		} else {
			all[at] = change
		}
	}
	return all
}
