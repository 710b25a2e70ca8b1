package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vapi/rest"
	_ "github.com/vmware/govmomi/vapi/simulator" // the REST API, which knows tags
	"github.com/vmware/govmomi/vapi/tags"
	"github.com/vmware/govmomi/vim25/types"
)

// place moves VMs into the folders, clusters and pools of their specs and tags them, as an administrator would: through the API.
func place(ctx context.Context, address *url.URL, specs []vmSpec) error {
	if !anyPlaced(specs) {
		return nil
	}
	client, err := govmomi.NewClient(ctx, address, true)
	if err != nil {
		return err
	}
	defer func() { _ = client.Logout(ctx) }()
	finder := find.NewFinder(client.Client, true)
	datacenter, err := finder.DefaultDatacenter(ctx)
	if err != nil {
		return err
	}
	folders, err := datacenter.Folders(ctx)
	if err != nil {
		return err
	}
	for i, vm := range allVMs() {
		if i >= len(specs) {
			break
		}
		spec := specs[i]
		if spec.Folder != "" {
			folder, err := folderAt(ctx, folders.VmFolder, spec.Folder)
			if err == nil {
				_, err = folder.MoveInto(ctx, []types.ManagedObjectReference{vm.Self})
			}
			if err != nil {
				return err
			}
		}
		if spec.Cluster != "" {
			pool, err := poolAt(ctx, folders.HostFolder, spec.Cluster, spec.Pool)
			if err != nil {
				return err
			}
			// The simulator has no call for it that keeps the host.
			simulator.Map.WithLock(vm, func() {
				simulator.Map.Update(vm, []types.PropertyChange{{Name: "resourcePool", Val: pool.Reference()}})
			})
		}
	}
	return attachTags(ctx, client, address, specs)
}

func anyPlaced(specs []vmSpec) bool {
	for _, spec := range specs {
		if spec.Folder != "" || spec.Cluster != "" || len(spec.Tags) > 0 {
			return true
		}
	}
	return false
}

// folderAt makes the folders of the path that are not there yet.
func folderAt(ctx context.Context, at *object.Folder, path string) (*object.Folder, error) {
	for _, name := range strings.Split(path, "/") {
		child, err := childOf(ctx, at, name)
		if err != nil {
			return nil, err
		}
		if folder, ok := child.(*object.Folder); ok {
			at = folder
			continue
		}
		if at, err = at.CreateFolder(ctx, name); err != nil {
			return nil, err
		}
	}
	return at, nil
}

func childOf(ctx context.Context, at *object.Folder, name string) (object.Reference, error) {
	children, err := at.Children(ctx)
	for _, child := range children {
		named, ok := child.(interface {
			ObjectName(context.Context) (string, error)
		})
		if !ok {
			continue
		}
		if found, err := named.ObjectName(ctx); err == nil && found == name {
			return child, nil
		}
	}
	return nil, err
}

// poolAt makes the cluster and the pools of the path that are not there yet.
func poolAt(ctx context.Context, hosts *object.Folder, name, path string) (*object.ResourcePool, error) {
	child, err := childOf(ctx, hosts, name)
	if err != nil {
		return nil, err
	}
	cluster, ok := child.(*object.ClusterComputeResource)
	if !ok {
		if cluster, err = hosts.CreateCluster(ctx, name, types.ClusterConfigSpecEx{}); err != nil {
			return nil, err
		}
	}
	at, err := cluster.ResourcePool(ctx)
	for _, name := range strings.Split(path, "/") {
		if err != nil || name == "" {
			break
		}
		at, err = at.Create(ctx, name, types.DefaultResourceConfigSpec())
	}
	return at, err
}

// attachTags writes a tag as category/name.
func attachTags(ctx context.Context, client *govmomi.Client, address *url.URL, specs []vmSpec) error {
	service := rest.NewClient(client.Client)
	if err := service.Login(ctx, address.User); err != nil {
		return err
	}
	defer func() { _ = service.Logout(ctx) }()
	manager, categories, made := tags.NewManager(service), map[string]string{}, map[string]string{}
	for i, vm := range allVMs() {
		if i >= len(specs) {
			break
		}
		for _, whole := range specs[i].Tags {
			category, name, ok := strings.Cut(whole, "/")
			if !ok {
				return fmt.Errorf("%s is not category/name", whole)
			}
			var err error
			if categories[category] == "" {
				categories[category], err = manager.CreateCategory(ctx, &tags.Category{Name: category, Cardinality: "MULTIPLE"})
			}
			if err == nil && made[whole] == "" {
				made[whole], err = manager.CreateTag(ctx, &tags.Tag{Name: name, CategoryID: categories[category]})
			}
			if err == nil {
				err = manager.AttachTag(ctx, made[whole], vm.Self)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}
