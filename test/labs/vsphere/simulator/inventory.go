package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// vmSpec is a VM as a test wants it. Every field may be left out.
type vmSpec struct {
	Name         string     `json:"name"`
	UUID         string     `json:"uuid"`
	InstanceUUID string     `json:"instanceUuid"`
	Macs         []string   `json:"macs"`
	Disks        []diskSpec `json:"disks"`
	SharedBus    string     `json:"sharedBus"` // noSharing, virtualSharing, physicalSharing
	Extra        []option   `json:"extra"`
	Folder       string     `json:"folder"`  // below the datacenter's folder of VMs: a/b
	Cluster      string     `json:"cluster"` // name of a cluster that is made for it
	Pool         string     `json:"pool"`    // in that cluster: a/b
	Tags         []string   `json:"tags"`    // category/name
	Guest        guestLogin `json:"guest"`   // whom VMware Tools let in
}

type option struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type diskSpec struct {
	UUID        string `json:"uuid"`
	SizeBytes   int64  `json:"sizeBytes"`
	Mode        string `json:"mode"`
	Raw         string `json:"raw"` // physicalMode, virtualMode
	MultiWriter bool   `json:"multiWriter"`
}

func readSpecs(path string) (specs []vmSpec) {
	if path == "" {
		return nil
	}
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &specs)
	}
	if err != nil {
		log.Fatal(err)
	}
	return specs
}

// allVMs gives them in the order in which they were made.
func allVMs() []*simulator.VirtualMachine {
	var vms []*simulator.VirtualMachine
	for _, entity := range simulator.Map.All("VirtualMachine") {
		vms = append(vms, entity.(*simulator.VirtualMachine))
	}
	number := func(vm *simulator.VirtualMachine) int {
		n, _ := strconv.Atoi(vm.Self.Value[strings.LastIndex(vm.Self.Value, "-")+1:])
		return n
	}
	sort.Slice(vms, func(i, j int) bool {
		if number(vms[i]) != number(vms[j]) {
			return number(vms[i]) < number(vms[j])
		}
		return vms[i].Self.Value < vms[j].Self.Value
	})
	return vms
}

func furnish(specs []vmSpec) {
	vms := allVMs()
	for _, vm := range vms {
		bootTime := time.Now()
		vm.Runtime.BootTime = &bootTime
		vm.Capability.SnapshotOperationsSupported = true
	}
	for i, spec := range specs {
		vm := vms[i]
		vm.Name, vm.Config.Name, vm.Summary.Config.Name = spec.Name, spec.Name, spec.Name
		if spec.UUID != "" {
			vm.Config.Uuid, vm.Summary.Config.Uuid = spec.UUID, spec.UUID
		}
		if spec.InstanceUUID != "" {
			vm.Config.InstanceUuid, vm.Summary.Config.InstanceUuid = spec.InstanceUUID, spec.InstanceUUID
		}
		for _, each := range spec.Extra {
			vm.Config.ExtraConfig = append(vm.Config.ExtraConfig, &types.OptionValue{Key: each.Key, Value: each.Value})
		}
		vm.Config.Hardware.Device = devicesOf(vm, spec)
	}
}

// devicesOf keeps what is neither a disk nor a network card, and puts the disks on one SCSI controller.
func devicesOf(vm *simulator.VirtualMachine, spec vmSpec) (devices []types.BaseVirtualDevice) {
	var datastore *types.ManagedObjectReference
	for _, device := range vm.Config.Hardware.Device {
		if disk, ok := device.(*types.VirtualDisk); ok {
			if backing, ok := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo); ok {
				datastore = backing.Datastore
			}
			continue
		}
		_, card := device.(types.BaseVirtualEthernetCard)
		_, scsi := device.(types.BaseVirtualSCSIController)
		if !card && !scsi {
			devices = append(devices, device)
		}
	}
	controller := &types.ParaVirtualSCSIController{}
	controller.Key, controller.BusNumber = 1000, 0
	controller.SharedBus = types.VirtualSCSISharingNoSharing
	if spec.SharedBus != "" {
		controller.SharedBus = types.VirtualSCSISharing(spec.SharedBus)
	}
	devices = append(devices, controller)
	for i, disk := range spec.Disks {
		devices = append(devices, virtualDisk(i, disk, spec.Name, datastore))
	}
	for i, mac := range spec.Macs {
		card := &types.VirtualVmxnet3{}
		card.Key, card.MacAddress = int32(4000+i), mac
		devices = append(devices, card)
	}
	return devices
}

func virtualDisk(i int, spec diskSpec, vm string, datastore *types.ManagedObjectReference) *types.VirtualDisk {
	unit := int32(i)
	if i >= 7 { // the controller's own place
		unit++
	}
	file := types.VirtualDeviceFileBackingInfo{FileName: fmt.Sprintf("[LocalDS_0] %s/disk%d.vmdk", vm, i+1), Datastore: datastore}
	mode := spec.Mode
	if mode == "" {
		mode = string(types.VirtualDiskModePersistent)
	}
	disk := &types.VirtualDisk{CapacityInKB: spec.SizeBytes / 1024, CapacityInBytes: spec.SizeBytes}
	disk.Key, disk.ControllerKey, disk.UnitNumber = int32(2000+i), 1000, &unit
	if spec.Raw != "" {
		disk.Backing = &types.VirtualDiskRawDiskMappingVer1BackingInfo{
			VirtualDeviceFileBackingInfo: file, CompatibilityMode: spec.Raw, DiskMode: mode, Uuid: spec.UUID,
		}
		return disk
	}
	flat := &types.VirtualDiskFlatVer2BackingInfo{VirtualDeviceFileBackingInfo: file, DiskMode: mode, Uuid: spec.UUID}
	if spec.MultiWriter {
		flat.Sharing = string(types.VirtualDiskSharingSharingMultiWriter)
	}
	disk.Backing = flat
	return disk
}
