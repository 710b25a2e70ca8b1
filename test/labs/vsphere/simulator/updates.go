package main

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// The library looks for news every 250 ms; a server tells a task's end when it ends.

const (
	lookEvery    = time.Millisecond
	longestUntil = 10 * time.Minute
)

var (
	taskInFilter     = regexp.MustCompile(`<(?:\w+:)?obj\s[^>]*type="Task"[^>]*>([^<]+)<`)
	collectorPattern = regexp.MustCompile(`<returnval type="PropertyFilter">([^<]+)<`)
)

// followed is the task that a property collector watches, and the last state that was told of it.
type followed struct {
	task   types.ManagedObjectReference
	filter string
	told   types.TaskInfoState
}

// follow remembers which task a filter is about.
func (f *front) follow(request call, answered []byte) {
	task, filter := taskInFilter.FindSubmatch(request.body), collectorPattern.FindSubmatch(answered)
	if task == nil || filter == nil {
		return
	}
	ref := types.ManagedObjectReference{Type: "Task", Value: string(task[1])}
	f.locked(func() { f.follows[request.this.Value] = &followed{task: ref, filter: string(filter[1])} })
}

// taskUpdates answers for a collector that follows a task, and is false for any other.
func (f *front) taskUpdates(w http.ResponseWriter, r *http.Request, request call) bool {
	var at *followed
	f.locked(func() { at = f.follows[request.this.Value] })
	if at == nil {
		return false
	}
	if !f.admit(w, r) {
		return true
	}
	seconds := 0
	if _, err := fmt.Sscan(request.raw("maxWaitSeconds"), &seconds); err != nil {
		seconds = int(longestUntil / time.Second)
	}
	first := strings.TrimSpace(request.raw("version")) == ""
	for until := time.Now().Add(time.Duration(seconds) * time.Second); time.Now().Before(until); time.Sleep(lookEvery) {
		if r.Context().Err() != nil || f.isExpired(r) {
			break
		}
		task, ok := simulator.Map.Get(at.task).(*simulator.Task)
		if !ok {
			break
		}
		state, fault := stateOf(task)
		if first || state != at.told {
			at.told = state
			answer(w, request.method, updateOf(at, state, fault))
			return true
		}
	}
	if f.isExpired(r) {
		soapFault(w, "NotAuthenticated", "The session is not authenticated.", "")
		return true
	}
	answer(w, request.method, "")
	return true
}

func stateOf(task *simulator.Task) (state types.TaskInfoState, fault *types.LocalizedMethodFault) {
	simulator.Map.WithLock(task, func() { state, fault = task.Info.State, task.Info.Error })
	return state, fault
}

func updateOf(at *followed, state types.TaskInfoState, fault *types.LocalizedMethodFault) string {
	changes := fmt.Sprintf(`<changeSet><name>info.state</name><op>assign</op><val xsi:type="TaskInfoState">%s</val></changeSet>`, state)
	if fault != nil {
		kind := strings.TrimPrefix(fmt.Sprintf("%T", fault.Fault), "*types.")
		changes += fmt.Sprintf(`<changeSet><name>info.error</name><op>assign</op><val xsi:type="LocalizedMethodFault"><fault xsi:type="%s"></fault><localizedMessage>%s</localizedMessage></val></changeSet>`,
			kind, fault.LocalizedMessage)
	}
	return fmt.Sprintf(`<returnval><version>%s</version><filterSet><filter type="PropertyFilter">%s</filter><objectSet><kind>modify</kind><obj type="Task">%s</obj>%s</objectSet></filterSet></returnval>`,
		state, at.filter, at.task.Value, changes)
}
