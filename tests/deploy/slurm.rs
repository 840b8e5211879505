//! The array of `deploy/slurm`, run on a Slurm cluster of one node that lives as long as its test.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::common::parts::{in_folder, lasting, same_in_one_of_three, suite};
use crate::common::{Running, free_tcp_port, peer, root, turn, wait};

/// munged, which vouches for whoever sends a message, the controller and the node.
struct Cluster {
    folder: TempDir,
    daemons: Vec<Running>,
}

impl Cluster {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let mut cluster = Self { folder, daemons: Vec::new() };
        cluster.configure();
        let path = |name: &str| cluster.path().join(name).display().to_string();
        let (key, socket, seed) = (path("munge.key"), path("munge.socket"), path("munge.seed"));
        let (process, log) = (path("munged.pid"), path("munged.log"));
        let options = ["--key-file", &key, "--socket", &socket, "--seed-file", &seed, "--pid-file", &process, "--log-file", &log];
        cluster.daemon("munged", &[&["--foreground"], &options[..]].concat());
        until("munged listens", || Path::new(&socket).exists());
        cluster.daemon("slurmctld", &["-D"]);
        cluster.daemon("slurmd", &["-D"]);
        until("the node is idle", || cluster.said("sinfo", &["--noheader", "--format", "%T"]) == "idle");
        cluster
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn configure(&self) {
        let write = |name: &str, content: &[u8], mode: u32| {
            std::fs::write(self.path().join(name), content).expect(name);
            std::fs::set_permissions(self.path().join(name), PermissionsExt::from_mode(mode)).expect(name);
        };
        // Whoever sends a message must reach munged's socket.
        std::fs::set_permissions(self.path(), PermissionsExt::from_mode(0o711)).expect("permissions");
        std::fs::create_dir(self.path().join("state")).expect("folder");
        write("munge.key", &rand::random::<[u8; 32]>(), 0o600);
        let fill = [
            ("@HOST@", self.said("hostname", &["-s"])),
            ("@USER@", self.said("id", &["-un"])),
            ("@FOLDER@", self.path().display().to_string()),
            ("@CONTROLLER@", free_tcp_port().to_string()),
            ("@NODE@", free_tcp_port().to_string()),
        ];
        let text = std::fs::read_to_string(root().join("tests/peers/slurm/slurm.conf")).expect("configuration");
        write("slurm.conf", fill.iter().fold(text, |text, (from, to)| text.replace(from, to)).as_bytes(), 0o644);
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("SLURM_CONF", self.path().join("slurm.conf")).stdin(Stdio::null());
        command
    }

    fn daemon(&mut self, name: &str, options: &[&str]) {
        let child = self.command(name).args(options).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.daemons.push(Running::new(child.expect(name)));
    }

    fn said(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.command(program).args(arguments).output().expect(program);
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("jobs: {}", self.said("scontrol", &["show", "jobs"]));
            for name in ["munged.log", "slurmctld.log", "slurmd.log"] {
                eprintln!("{name}:\n{}", std::fs::read_to_string(self.path().join(name)).unwrap_or_default());
            }
            // Jobs outlive the daemon that started them.
            self.said("scancel", &["--user", &self.said("id", &["-un"])]);
            let _most = (0..100).any(|_| {
                std::thread::sleep(Duration::from_millis(50));
                self.said("squeue", &["--noheader"]).is_empty()
            });
        }
    }
}

#[track_caller]
fn until(what: &str, is_so: impl Fn() -> bool) {
    let waited = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        is_so()
    });
    assert!(waited, "it took more than 10 s until {what}");
}

#[test]
#[cfg_attr(missing_slurmctld, ignore = "tests/peers/install has not been run")]
fn a_slurm_array_makes_the_same_whole_as_one_run() {
    if !peer("slurmctld") {
        return;
    }
    let _turn = turn();
    same_in_one_of_three(slurm_and_one_run);
}

/// The results of an array of jobs, and those of one run.
fn slurm_and_one_run() -> [serde_json::Value; 2] {
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    suite(folder);
    let arguments = ["--repeat", "2", "--target", "bot:order"];
    let whole = in_folder(folder, &[&["run", "--out", "whole"], &arguments[..]].concat(), &[]);
    assert_eq!(whole.status.code(), Some(4), "{whole:?}");

    let cluster = Cluster::start();
    let program = Path::new(env!("CARGO_BIN_EXE_goldencall")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let mut submit = cluster.command(root().join("deploy/slurm/submit"));
    submit.arg("4").args(arguments).current_dir(folder).env("PATH", path).env("GOLDENCALL_HISTORY", "whole");
    // Of a CI system in which the tests run.
    for variable in ["CI_NODE_INDEX", "CIRCLE_NODE_INDEX", "BUILDKITE_PARALLEL_JOB", "SYSTEM_JOBPOSITIONINPHASE"] {
        submit.env_remove(variable);
    }
    let submitted = wait(submit.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("submit"), Duration::from_secs(80));
    let results = std::fs::read_dir(folder.join("goldencall-results")).expect("results").next().expect("a run").expect("a run").path();
    let log = |name: &str| std::fs::read_to_string(results.join(name)).unwrap_or_else(|error| format!("{name}: {error}"));
    let logs = ["part-1.log", "part-2.log", "part-3.log", "part-4.log", "whole.log"].map(log);
    // The verdict of the whole is that of the last job, and of the one who waits for it.
    assert_eq!(submitted.status.code(), Some(4), "{submitted:?}\n{}", logs.join("\n"));
    let calls = logs.iter().filter_map(|log| log.strip_prefix("part ")).filter_map(|log| log.lines().next());
    // The scenario that fails takes longest, so each of its calls has a part to itself. By name it would be two, two, one and one.
    assert_eq!(Vec::from_iter(calls), ["1 of 4: 1 of 6 calls", "2 of 4: 1 of 6 calls", "3 of 4: 2 of 6 calls", "4 of 4: 2 of 6 calls"]);
    assert_eq!(std::fs::read_dir(results.join("whole/calls")).expect("recordings").count(), 6);
    [lasting(&results.join("whole/results.json")), lasting(&folder.join("whole/results.json"))]
}
