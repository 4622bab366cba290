package prometheus

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Server is a Prometheus that has a recording.
type Server struct {
	// URL is its address.
	URL string

	t   testing.TB
	end int64 // of the recording, in Unix seconds
}

// listening finds the address in the log of Prometheus.
var listening = regexp.MustCompile(`msg="Listening on" address=(127\.0\.0\.1:\d+)`)

// Start starts a Prometheus with rules.yaml and the recording, where step lies
// between two scrapes. It ends with the test.
func Start(t testing.TB, r *Recording, step time.Duration) *Server {
	t.Helper()
	dir := t.TempDir()
	end := time.Now().Add(-time.Minute).Unix()
	file := filepath.Join(dir, "recording.txt")
	if err := os.WriteFile(file, []byte(r.openMetrics(end, int64(step/time.Second))), 0o600); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	if output, ok := Promtool(t, "", "tsdb", "create-blocks-from", "--quiet", "openmetrics", file, data); !ok {
		t.Fatalf("promtool says:\n%s", output)
	}
	config := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(config, fmt.Appendf(nil, "rule_files: [%q]\n", Rules()), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, end: end}
	s.start(exec.Command(program(t, "prometheus"), "--config.file="+config, "--storage.tsdb.path="+data, "--web.listen-address=127.0.0.1:0"))
	return s
}

// start runs the process until the end of the test, and waits until it is ready.
func (s *Server) start(cmd *exec.Cmd) {
	s.t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := cmd.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	started, address, ended := make(chan error, 1), make(chan string, 1), make(chan struct{})
	var said strings.Builder // is read once the process has ended
	go func() {              // ends with the process, which the cleanup ends
		defer close(ended)
		// The kernel kills the child when the thread that started it ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		for lines := bufio.NewScanner(log); lines.Scan(); {
			said.WriteString(lines.Text() + "\n")
			if m := listening.FindStringSubmatch(lines.Text()); m != nil {
				address <- m[1]
			}
		}
		_ = cmd.Wait()
	}()
	if err := <-started; err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		_ = cmd.Process.Signal(os.Interrupt)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
	})
	select {
	case a := <-address:
		s.URL = "http://" + a
	case <-ended:
		s.t.Fatalf("Prometheus has ended:\n%s", said.String())
	}
	for { // bounded by the time-out of the test
		resp, err := http.Get(s.URL + "/-/ready")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-ended:
			s.t.Fatalf("Prometheus has ended:\n%s", said.String())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Series is one of an answer.
type Series struct {
	Labels map[string]string
	Value  float64
}

// Query answers a query at the end of the recording.
func (s *Server) Query(expr string) ([]Series, error) {
	var got struct {
		Result []struct {
			Metric map[string]string
			Value  [2]any // the time, and the value as a string
		}
	}
	err := s.get("/api/v1/query", url.Values{"query": {expr}, "time": {fmt.Sprint(s.end)}}, &got)
	var out []Series
	for _, series := range got.Result {
		text, _ := series.Value[1].(string)
		value, wrong := strconv.ParseFloat(text, 64)
		if wrong != nil {
			return nil, fmt.Errorf("query %s: %w", expr, wrong)
		}
		out = append(out, Series{series.Metric, value})
	}
	return out, err
}

// LabelValues are the values of a label of a metric.
func (s *Server) LabelValues(metric, label string) ([]string, error) {
	var values []string
	err := s.get("/api/v1/label/"+label+"/values", url.Values{"match[]": {metric}}, &values)
	return values, err
}

func (s *Server) get(path string, query url.Values, into any) error {
	resp, err := http.Get(s.URL + path + "?" + query.Encode())
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Status != "success" {
		return fmt.Errorf("refused by Prometheus: %s", answer.Error)
	}
	return json.Unmarshal(answer.Data, into)
}
