package examples_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"kalshi.internal/apikeys/api/sandbox"
)

// manifests are the objects of the Kubernetes example.
type manifests struct {
	settings   corev1.ConfigMap
	volume     corev1.PersistentVolumeClaim
	rotation   batchv1.CronJob
	deployment appsv1.Deployment
}

func readManifests(t *testing.T) (m manifests) {
	t.Helper()
	for i, document := range strings.Split(mustRead(t, "kubernetes/kalshi.yaml"), "\n---\n") {
		// The order is that of the file. Unknown fields and values of a wrong type are errors.
		target := []any{&m.settings, &m.volume, &m.rotation, &m.deployment}[i]
		if err := yaml.UnmarshalStrict([]byte(document), target); err != nil {
			t.Errorf("document %d: %v", i+1, err)
		}
	}
	return m
}

func TestTheManifestsOfKubernetesFitItsTypesAndEachOther(t *testing.T) {
	m := readManifests(t)
	job, bot := m.rotation.Spec.JobTemplate.Spec.Template.Spec, m.deployment.Spec.Template
	for _, pod := range []corev1.PodSpec{job, bot.Spec} {
		volumes := map[string]bool{}
		for _, volume := range pod.Volumes {
			volumes[volume.Name] = true
			if claim := volume.PersistentVolumeClaim; claim != nil && claim.ClaimName != m.volume.Name {
				t.Errorf("the claim %s is not there", claim.ClaimName)
			}
		}
		for _, container := range append(pod.InitContainers, pod.Containers...) {
			if container.EnvFrom[0].ConfigMapRef.Name != m.settings.Name {
				t.Errorf("the settings of %s are not there", container.Name)
			}
			for _, mount := range container.VolumeMounts {
				if !volumes[mount.Name] {
					t.Errorf("the volume %s is not there", mount.Name)
				}
			}
		}
	}
	if m.deployment.Spec.Selector.MatchLabels["app"] != bot.Labels["app"] {
		t.Error("the Deployment does not select its pods")
	}
	kinds := fmt.Sprint(m.settings.Kind, m.volume.Kind, m.rotation.Kind, m.deployment.Kind, m.rotation.APIVersion, m.deployment.APIVersion)
	if kinds != "ConfigMapPersistentVolumeClaimCronJobDeploymentbatch/v1apps/v1" {
		t.Errorf("the kinds are %s", kinds)
	}
}

func TestTheKubernetesExampleRotatesAKeyThatTheBotFollows(t *testing.T) {
	m := readManifests(t)
	job, bot := m.rotation.Spec.JobTemplate.Spec.Template.Spec, m.deployment.Spec.Template.Spec
	user := fmt.Sprintf("%d", *job.SecurityContext.FSGroup)
	// What the kubelet does to a volume and a Secret of a pod with fsGroup.
	const platform = `
mount --make-rprivate /
mount -t tmpfs none /var/lib && mkdir /var/lib/kalshi
mount -t tmpfs none /run && mkdir -p /run/secrets/kalshi/..1 && cp first.pem /run/secrets/kalshi/..1
ln -s ..1 /run/secrets/kalshi/..data && ln -s ..data/first.pem /run/secrets/kalshi/first.pem
chgrp USER /run/secrets/kalshi/..1/first.pem && chmod 440 /run/secrets/kalshi/..1/first.pem && mount -o remount,ro /run
fsgroup() { chgrp -R USER /var/lib/kalshi; chmod -R ug+rw /var/lib/kalshi; find /var/lib/kalshi -type d -exec chmod g+rwxs {} +; }
pod() { fsgroup; setpriv --reuid USER --regid USER --groups USER --no-new-privs "$@"; }
`
	script := strings.ReplaceAll(platform, "USER", user)
	script += "pod " + words(job.InitContainers[0].Command) + "\npod " + words(job.InitContainers[0].Command) + "\n"
	script += "pod " + words(job.Containers[0].Command) + "\n"
	// The first key is older than this one may get, so that there is something to rotate.
	script += "pod " + strings.NewReplacer("30d", "1ns", "10m", "1ms").Replace(words(job.Containers[0].Command)) + "\n"
	script += "mount --bind /var/lib/kalshi /var/lib/kalshi && mount -o remount,ro,bind /var/lib/kalshi\n"
	script += "setpriv --reuid USER --regid USER --groups USER " + words(append(bot.Containers[0].Command, "-once")) + "\n"
	env := m.settings.Data
	out := runPlatform(t, strings.ReplaceAll(script, "USER", user), env)
	mustFind(t, out, `STORE +/var/lib/kalshi/keys`, `REPLACED +nothing: the key is younger than 30d`, `REPLACED +[0-9a-f-]{36}`, `listed signed_by=[0-9a-f-]{36} api_keys=1`)
}

func TestTheSystemdExampleRotatesAKeyThatTheBotFollows(t *testing.T) {
	rotate, bot := mustRead(t, "systemd/kalshi-rotate.service"), mustRead(t, "systemd/kalshi-bot.service")
	line := func(unit, name string) string {
		found := regexp.MustCompile(`(?m)^` + name + `=(.*)$`).FindStringSubmatch(unit)
		if found == nil {
			t.Fatalf("there is no %s", name)
		}
		return strings.ReplaceAll(found[1], "/usr/local/bin/", "")
	}
	// What systemd does for a service with StateDirectory and LoadCredential.
	const platform = `
mount --make-rprivate /
mount -t tmpfs none /var/lib && mkdir -m 700 /var/lib/kalshi && chown 10002 /var/lib/kalshi
mount -t tmpfs none /run && mkdir -p -m 500 /run/credentials/kalshi-rotate.service && cp first.pem /run/credentials/kalshi-rotate.service
chmod 440 /run/credentials/kalshi-rotate.service/first.pem && chown -R 10002 /run/credentials/kalshi-rotate.service && mount -o remount,ro /run
export KALSHI_STORE=/var/lib/kalshi/keys
service() { CREDENTIALS_DIRECTORY=/run/credentials/kalshi-rotate.service setpriv --reuid 10002 --regid 10002 --clear-groups --no-new-privs "$@"; }
`
	if line(rotate, "Environment") != "KALSHI_STORE=%S/kalshi/keys" || line(bot, "Environment") != line(rotate, "Environment") {
		t.Error("the two do not share a store")
	}
	script := platform
	for range 2 {
		script += "service " + line(rotate, "ExecStartPre") + "\nservice " + line(rotate, "ExecStart") + "\n"
	}
	script += "service " + line(bot, "ExecStart") + " -once\n"
	out := runPlatform(t, script, map[string]string{})
	mustFind(t, out, `STORE +/var/lib/kalshi/keys`, `nothing: the key is younger than 30d`, `listed signed_by=[0-9a-f-]{36} api_keys=1`)
}

func TestSystemdAcceptsTheUnits(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Log("NOT MADE HERE: systemd-analyze is not installed")
		return
	}
	dir := t.TempDir()
	units, err := filepath.Glob("deploy/systemd/*")
	if err != nil || len(units) != 3 {
		t.Fatal(units, err)
	}
	args := []string{"verify", "--man=no"}
	for _, unit := range units {
		// The programs are sought where the units say.
		text := strings.ReplaceAll(mustRead(t, "systemd/"+filepath.Base(unit)), "/usr/local/bin/", "/bin/../bin/")
		text = strings.NewReplacer("/bin/../bin/kalshi-keys", "/bin/true", "/bin/../bin/follow", "/bin/true").Replace(text)
		path := filepath.Join(dir, filepath.Base(unit))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	out, err := exec.CommandContext(t.Context(), "systemd-analyze", args...).CombinedOutput()
	if err != nil || len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("%v: %s", err, out)
	}
}

func TestTheComposeExampleRunsABotBesideTheSandbox(t *testing.T) {
	project, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  "deploy/compose",
		ConfigFiles: []types.ConfigFile{{Filename: "compose.yaml", Content: []byte(mustRead(t, "compose/compose.yaml"))}},
	})
	if err != nil {
		t.Fatal(err)
	}
	server, bot := project.Services["sandbox"], project.Services["bot"]
	if bot.NetworkMode != "service:sandbox" || server.User != bot.User {
		t.Errorf("the bot does not share network and user with the sandbox: %+v", bot)
	}
	if _, err := os.Stat(filepath.Join(server.Build.Context, server.Build.Dockerfile)); err != nil {
		t.Error(err)
	}
	uid, _, _ := strings.Cut(server.User, ":")
	container := "setpriv --reuid " + uid + " --regid " + uid + " --clear-groups --no-new-privs "
	options := project.Volumes["shared"].DriverOpts
	script := "mount --make-rprivate /\nmount -t tmpfs none /run && mkdir /run/kalshi && mount -t " + options["type"] + " -o " + options["o"] + " none /run/kalshi\n" +
		"trap 'kill $sandbox; wait' EXIT\n" +
		// A free port, since the network is the machine's here.
		container + strings.Replace(words(server.Command), "127.0.0.1:8080", "127.0.0.1:0", 1) + " > /dev/null 2>&1 & sandbox=$!\n" +
		"until " + words(server.HealthCheck.Test[1:]) + "; do sleep 0.1; done\n" +
		container + words(bot.Command) + "\n"
	mustFind(t, runPlatform(t, script, map[string]string{}), `bootstrap`)
}

// runPlatform runs a script as root in a mount namespace of its own, beside a sandbox whose first key is
// in first.pem. It returns what the script printed.
func runPlatform(t *testing.T, script string, env map[string]string) string {
	t.Helper()
	if os.Geteuid() != 0 || exec.CommandContext(t.Context(), "unshare", "--mount", "setpriv", "--reuid", "1", "--clear-groups", "true").Run() != nil {
		t.Log("NOT MADE HERE: it needs root, unshare and setpriv")
		return ""
	}
	box := sandbox.New()
	key, err := box.Bootstrap(sandbox.OfType(sandbox.Ed25519))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	err = errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(dir, 0o755),
		os.WriteFile(filepath.Join(dir, "first.pem"), []byte(key.PrivateKey.RevealPrivateKey()), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	build(t, dir, "../..", "./wrapper/cmd/kalshi-keys")
	build(t, dir, ".", "./follow")
	shell := exec.CommandContext(t.Context(), "unshare", "--mount", "sh", "-ec", script)
	shell.Dir, shell.WaitDelay = dir, time.Second // for what outlives the shell
	shell.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "HOME=/nonexistent"}
	for name, value := range env {
		shell.Env = append(shell.Env, name+"="+value)
	}
	shell.Env = append(shell.Env, "FIRST_KEY_ID="+key.ID, "KALSHI_BASE_URL="+server.URL+sandbox.BasePath)
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

func build(t *testing.T, dir, module, program string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "build", "-C", module, "-buildvcs=false", "-o", dir+"/", program).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func mustRead(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// mustFind looks for each pattern in what a script printed, if it could be run.
func mustFind(t *testing.T, out string, patterns ...string) {
	t.Helper()
	for _, pattern := range patterns {
		if out != "" && !regexp.MustCompile(pattern).MatchString(out) {
			t.Errorf("%s is not in:\n%s", pattern, out)
		}
	}
}

// words returns a command as a shell reads it.
func words(command []string) string {
	quoted := make([]string, len(command))
	for i, word := range command {
		quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return strings.Join(quoted, " ")
}
