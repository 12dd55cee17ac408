//! What the kernel says about processes.

use anyhow::Context as _;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The callers of a stampede, and the server, which inherits the limit, need some thousand sockets.
const OPEN_FILES: u64 = 4_096;

pub(crate) fn raise_open_files() -> anyhow::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|now| now >= OPEN_FILES) {
        return Ok(());
    }
    let raised = Rlimit {
        current: Some(OPEN_FILES),
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).with_context(|| format!("{OPEN_FILES} open files are needed (ulimit -n)"))
}

/// How many processes were running or waiting for a processor in the last minute: above 0.3 or so, others disturb.
pub(crate) fn load_average() -> anyhow::Result<String> {
    let all = std::fs::read_to_string("/proc/loadavg")?;
    all.split(' ')
        .next()
        .map(str::to_owned)
        .context("/proc/loadavg is empty")
}

/// Resident memory of a process, in KiB.
pub(crate) fn resident_kib(pid: u32) -> anyhow::Result<u64> {
    status_kib(pid, "VmRSS:")
}

/// The most that it ever was, in KiB, or since [`forget_peak`].
pub(crate) fn peak_kib(pid: u32) -> anyhow::Result<u64> {
    status_kib(pid, "VmHWM:")
}

/// Lets the peak of this process begin anew, at what is resident now (`proc_pid_clear_refs(5)`).
pub(crate) fn forget_peak() -> anyhow::Result<()> {
    forget_peak_of(std::process::id())
}

/// The same for another process of this user.
pub(crate) fn forget_peak_of(pid: u32) -> anyhow::Result<()> {
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5").context("/proc/PID/clear_refs")
}

fn status_kib(pid: u32, name: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.trim().strip_suffix("kB")).map(str::trim);
    number
        .and_then(|number| number.parse().ok())
        .with_context(|| format!("no {name} in /proc/PID/status"))
}

/// Processor time that a process has used, user and system, in microseconds. In steps of a clock tick (10 ms mostly).
pub(crate) fn cpu_micros(pid: u32) -> anyhow::Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let ticks = ticks(&stat).context("/proc/PID/stat is not understood")?;
    Ok(ticks * 1_000_000 / rustix::param::clock_ticks_per_second())
}

fn ticks(stat: &str) -> Option<u64> {
    // The second field is the program's name in parentheses, which may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let (user, system): (u64, u64) = (fields.get(11)?.parse().ok()?, fields.get(12)?.parse().ok()?);
    Some(user + system)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_strange_name_does_not_shift_the_fields() {
        let stat = "7 (a) b 1 (c) S 1 7 7 0 -1 4194560 100 0 0 0 31 11 0 0 20 0 3 0";
        assert_eq!(super::ticks(stat), Some(42));
        assert_eq!(super::ticks("7 S"), None);
    }
}
