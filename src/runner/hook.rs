//! Programs that run between two turns.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Starts the program; the reply is whether it succeeded, and what it printed.
pub(super) fn start(command: Vec<String>, within: Duration) -> oneshot::Receiver<(bool, String)> {
    let (reply, receiver) = oneshot::channel();
    tokio::spawn(async move {
        let _call_over = reply.send(run(&command, within).await);
    });
    receiver
}

async fn run(command: &[String], within: Duration) -> (bool, String) {
    let Some((program, arguments)) = command.split_first() else { return (false, "no program".to_owned()) };
    let child = Command::new(program).args(arguments).stdin(Stdio::null()).kill_on_drop(true).output();
    match timeout(within, child).await {
        Err(_) => (false, format!("{program} ran out of time")),
        Ok(Err(error)) => (false, format!("{program}: {error}")),
        Ok(Ok(output)) => {
            let text = if output.status.success() { &output.stdout } else { &output.stderr };
            (output.status.success(), String::from_utf8_lossy(text).trim().chars().take(300).collect())
        }
    }
}
