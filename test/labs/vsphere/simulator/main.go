// A vCenter or an ESXi host for the labs: Debian's govmomi simulator with what it lacks in front of it (front.go).
// Everything stays on 127.0.0.1; the control below /lab/ asks nobody for a password.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"github.com/vmware/govmomi/simulator"
)

func main() {
	esx := flag.Bool("esx", false, "a single ESXi host instead of a vCenter")
	count := flag.Int("count", 0, "how many VMs, where -vms gives none")
	inventory := flag.String("vms", "", "JSON file with the VMs")
	hook := flag.String("hook", "", "address that is told what happens to a machine, before it is said to have happened")
	instance := flag.String("instance-uuid", "", "of this vCenter; an ESXi host tells none, and this is then the UUID of its machine")
	user := flag.String("username", "", "user")
	password := flag.String("password", "", "password")
	cert := flag.String("cert", "", "PEM chain")
	key := flag.String("key", "", "PEM key")
	flag.Parse()

	specs := readSpecs(*inventory)
	if len(specs) > 0 {
		*count = len(specs)
	}
	model := newModel(*esx, *count)
	if *instance != "" && !*esx {
		model.ServiceContent.About.InstanceUuid = *instance
	}
	if err := model.Create(); err != nil {
		log.Fatal(err)
	}
	if *esx {
		nameHost(*instance)
	}
	furnish(specs)
	nameAuthManager()

	model.Service.Listen = &url.URL{Host: "127.0.0.1:0", User: url.UserPassword(*user, *password)}
	model.Service.RegisterEndpoints = true
	model.Service.ServeMux = http.NewServeMux()
	server := model.Service.NewServer() // clients come through the front, only place uses its own listener
	if err := place(context.Background(), server.URL, specs); err != nil {
		log.Fatal(err)
	}

	pair, err := tls.LoadX509KeyPair(*cert, *key)
	if err != nil {
		log.Fatal(err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		log.Fatal(err)
	}
	front := newFront(model.Service.ServeMux, *hook)
	front.user, front.password = *user, *password
	for _, spec := range specs {
		if spec.Guest.User != "" {
			front.logins[spec.Name] = spec.Guest
		}
	}
	go func() { log.Fatal(http.Serve(listener, front)) }()
	fmt.Println("READY", listener.Addr())

	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGINT, syscall.SIGTERM)
	go func() { // whoever started us is gone: so are we
		_, _ = os.Stdin.Read(make([]byte, 1))
		end <- syscall.SIGTERM
	}()
	<-end
	model.Remove()
}

// nameHost gives the one host of an ESXi by itself a machine of its own: the library has one for all.
func nameHost(uuid string) {
	for _, entity := range simulator.Map.All("HostSystem") {
		host := entity.(*simulator.HostSystem)
		if uuid == "" || host.Hardware == nil {
			continue
		}
		hardware := *host.Hardware
		hardware.SystemInfo.Uuid = uuid
		host.Hardware = &hardware
	}
}

func newModel(esx bool, count int) *simulator.Model {
	if esx {
		model := simulator.ESX()
		model.Machine = count
		return model
	}
	model := simulator.VPX()
	model.Cluster, model.Host, model.Machine = 0, 1, count
	return model
}
