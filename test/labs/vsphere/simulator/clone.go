package main

import (
	"bytes"
	"fmt"
	"net/http"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vim25/xml"
)

// cloneVM is what the library makes of it, and what it leaves out: disks that stand on those of the snapshot, changes to
// devices and settings, and that the source stays as it is.
func (f *front) cloneVM(r *http.Request, request call, vm *simulator.VirtualMachine) (types.AnyType, types.BaseMethodFault) {
	wanted, err := readClone(request.body)
	if err != nil {
		return nil, &types.InvalidArgument{InvalidProperty: err.Error()}
	}
	if wanted.Spec.Location.DiskMoveType == "createNewChildDiskBacking" && wanted.Spec.Snapshot == nil {
		return nil, &types.InvalidArgument{InvalidProperty: "spec.snapshot"}
	}
	for _, other := range allVMs() {
		if other.Name == wanted.Name && other.Parent != nil && *other.Parent == wanted.Folder {
			return nil, &types.DuplicateName{Name: wanted.Name, Object: other.Self}
		}
	}
	image := ""
	if wanted.Spec.Snapshot != nil {
		image = f.images[wanted.Spec.Snapshot.Value]
	}
	if fault := f.tell(deed{Act: "clone", VM: vm.Name, Image: image, Copy: wanted.Name}); fault != nil {
		return nil, fault
	}
	origin := f.originOf(vm.Name)
	f.locked(func() { f.origins[wanted.Name] = origin })
	devices := vm.Config.Hardware.Device
	vm.Config.Hardware.Device = copyDevices(devices) // the library renames the disks of the source
	plain := fmt.Sprintf(envelope, fmt.Sprintf(`<CloneVM_Task xmlns="urn:vim25"><_this type="VirtualMachine">%s</_this><folder type="%s">%s</folder><name>%s</name><spec><location/><template>false</template><powerOn>false</powerOn></spec></CloneVM_Task>`,
		vm.Self.Value, wanted.Folder.Type, wanted.Folder.Value, wanted.Name))
	result, fault := f.inSimulator(r, []byte(plain))
	vm.Config.Hardware.Device = devices
	made, _ := result.(types.ManagedObjectReference)
	if clone, ok := simulator.Map.Get(made).(*simulator.VirtualMachine); ok {
		simulator.Map.WithLock(clone, func() { fit(clone, vm, wanted) })
	}
	return result, fault
}

func readClone(body []byte) (*types.CloneVM_Task, error) {
	var envelope struct {
		Body struct {
			Clone *types.CloneVM_Task `xml:"urn:vim25 CloneVM_Task"`
		}
	}
	decoder := xml.NewDecoder(bytes.NewReader(body))
	decoder.TypeFunc = types.TypeFunc()
	if err := decoder.Decode(&envelope); err != nil {
		return nil, err
	}
	if envelope.Body.Clone == nil {
		return nil, fmt.Errorf("spec")
	}
	return envelope.Body.Clone, nil
}

func copyDevices(devices []types.BaseVirtualDevice) (copies []types.BaseVirtualDevice) {
	for _, device := range devices {
		if disk, ok := device.(*types.VirtualDisk); ok {
			own := *disk
			if backing, ok := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo); ok {
				ownBacking := *backing
				own.Backing = &ownBacking
			}
			device = &own
		}
		copies = append(copies, device)
	}
	return copies
}

func fit(clone, source *simulator.VirtualMachine, wanted *types.CloneVM_Task) {
	clone.Config.Hardware.Device = nil
	for _, device := range copyDevices(source.Config.Hardware.Device) {
		if disk, ok := device.(*types.VirtualDisk); ok {
			if backing, ok := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo); ok {
				parent := *backing
				backing.Parent = &parent
				backing.FileName = fmt.Sprintf("[LocalDS_0] %s/disk%d.vmdk", wanted.Name, disk.Key)
			}
		}
		if config := wanted.Spec.Config; config == nil || !isRemoved(config.DeviceChange, device) {
			clone.Config.Hardware.Device = append(clone.Config.Hardware.Device, device)
		}
	}
	clone.Config.ExtraConfig = append([]types.BaseOptionValue{}, source.Config.ExtraConfig...)
	clone.Capability.SnapshotOperationsSupported = true
	if config := wanted.Spec.Config; config != nil {
		clone.Config.ExtraConfig = append(clone.Config.ExtraConfig, config.ExtraConfig...)
		clone.Config.Annotation = config.Annotation
		if config.MemoryMB != 0 {
			clone.Config.Hardware.MemoryMB = int32(config.MemoryMB)
		}
	}
}

func isRemoved(changes []types.BaseVirtualDeviceConfigSpec, device types.BaseVirtualDevice) bool {
	for _, each := range changes {
		change := each.GetVirtualDeviceConfigSpec()
		if change.Operation == types.VirtualDeviceConfigSpecOperationRemove &&
			change.Device.GetVirtualDevice().Key == device.GetVirtualDevice().Key {
			return true
		}
	}
	return false
}
