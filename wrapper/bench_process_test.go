//go:build linux

package wrapper_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Benchmarks of calls keep the server in a process of its own, which is this test binary again,
// so that its work does not count as the client's.
const (
	roleVariable = "KALSHI_BENCHMARK_ROLE"
	roleServer   = "server"
	roleCaller   = "caller"
	roleVictim   = "victim"
)

func TestMain(m *testing.M) {
	switch role := os.Getenv(roleVariable); role {
	case "":
		os.Exit(m.Run())
	case roleServer:
		serveLists()
	case roleCaller:
		callOnce(os.Args[1], os.Args[2])
	case roleVictim:
		receive(os.Args[1])
	default:
		panic("unknown role " + role)
	}
}

func inRole(b *testing.B, role string, args ...string) *exec.Cmd {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	command := exec.CommandContext(b.Context(), self, args...)
	command.Env = append(os.Environ(), roleVariable+"="+role)
	command.Stderr = os.Stderr
	return command
}

// startListServer starts a server and returns its address. It ends with the benchmark.
func startListServer(b *testing.B) string {
	b.Helper()
	command := inRole(b, roleServer)
	stdin, err := command.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = stdin.Close()
		_ = command.Wait()
	})
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(address)
}

// serveLists answers /N/… with a list of N keys until its standard input ends.
func serveLists() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	lists := map[string]string{}
	for _, keys := range []int{0, 3, 10, 1_000, 100_000} {
		lists[strconv.Itoa(keys)] = listOf(keys)
	}
	server := &http.Server{
		ReadHeaderTimeout: time.Minute,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			list := lists[strings.Split(r.URL.Path, "/")[1]]
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", strconv.Itoa(len(list)))
			_, _ = io.WriteString(w, list)
		}),
	}
	go func() { _ = server.Serve(listener) }()
	fmt.Println(listener.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = server.Close()
}

func listOf(keys int) string {
	var list strings.Builder
	list.WriteString(`{"api_keys":[`)
	for i := range keys {
		if i > 0 {
			list.WriteByte(',')
		}
		fmt.Fprintf(&list, `{"api_key_id":"0190a5f2-6c1e-4d0e-9b7a-%012d","name":"trading bot","scopes":["read","write"]}`, i)
	}
	list.WriteString("]}")
	return list.String()
}

// cpuTime returns what this process has used of the processors so far.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// peakMemory returns the most memory, in bytes, that this process has held so far. Rusage would
// count that of the process it was started from, too.
func peakMemory() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	var kibibytes int64
	if _, err := fmt.Sscan(after, &kibibytes); err != nil {
		panic(err)
	}
	return kibibytes << 10
}
