//! Whether the server could listen where it should, and if not, who does.

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    path::Path,
};

use jeton_domain::Code;

use super::Finding;

/// Who listens on an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Holder {
    /// A process that we may see.
    Process {
        /// Its number.
        pid: u32,
        /// The name of its command, at most 15 bytes.
        name: String,
    },
    /// One whose files we may not see.
    Hidden,
    /// Nobody, by now.
    Nobody,
}

/// The process that listens on an address, for a message: `nginx (process 812)`. `None` when nobody does.
pub(crate) fn port_holder(address: SocketAddr) -> Option<String> {
    match holder(Path::new("/proc"), address) {
        Holder::Process { pid, name } => Some(format!("{name} (process {pid})")),
        Holder::Hidden => Some("a process of another user, which this user may not see".to_owned()),
        Holder::Nobody => None,
    }
}

/// Looks for the socket in `net/tcp` and `net/tcp6`, then for the process that has it open.
fn holder(proc: &Path, wanted: SocketAddr) -> Holder {
    let read = |name: &str| fs::read_to_string(proc.join(name)).unwrap_or_default();
    let mut sockets = listening(&read("net/tcp"));
    sockets.extend(listening(&read("net/tcp6")));
    let inodes: Vec<u64> = sockets
        .into_iter()
        .filter(|(address, _)| collides(*address, wanted))
        .map(|(_, inode)| inode)
        .collect();
    if inodes.is_empty() {
        return Holder::Nobody;
    }
    let Ok(processes) = fs::read_dir(proc) else {
        return Holder::Hidden;
    };
    for process in processes.filter_map(Result::ok) {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let Ok(files) = fs::read_dir(process.path().join("fd")) else {
            continue;
        };
        let has_it = files.filter_map(Result::ok).any(|file| {
            fs::read_link(file.path()).is_ok_and(|target| socket_inode(&target).is_some_and(|it| inodes.contains(&it)))
        });
        if has_it {
            let name = fs::read_to_string(process.path().join("comm"))
                .unwrap_or_default()
                .trim()
                .to_owned();
            return Holder::Process { pid, name };
        }
    }
    Holder::Hidden
}

/// `socket:[12345]`
fn socket_inode(target: &Path) -> Option<u64> {
    target
        .to_str()?
        .strip_prefix("socket:[")?
        .strip_suffix(']')?
        .parse()
        .ok()
}

/// Whether one socket keeps the other from listening: the same port, and the same address or all of them.
fn collides(held: SocketAddr, wanted: SocketAddr) -> bool {
    let (a, b) = (held.ip().to_canonical(), wanted.ip().to_canonical());
    held.port() == wanted.port() && (a == b || a.is_unspecified() || b.is_unspecified())
}

/// The sockets in state LISTEN (0A) of `/proc/net/tcp` or `tcp6`, with their inodes; see `proc_pid_net(5)`.
fn listening(table: &str) -> Vec<(SocketAddr, u64)> {
    let read = |line: &str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        if *fields.get(3)? != "0A" {
            return None;
        }
        let (ip, port) = fields.get(1)?.split_once(':')?;
        let address = SocketAddr::new(hex_address(ip)?, u16::from_str_radix(port, 16).ok()?);
        Some((address, fields.get(9)?.parse().ok()?))
    };
    table.lines().skip(1).filter_map(read).collect()
}

/// The kernel prints addresses as 32-bit words in the byte order of the machine.
fn hex_address(text: &str) -> Option<IpAddr> {
    let words: Vec<[u8; 4]> = (0..text.len())
        .step_by(8)
        .map(|at| {
            u32::from_str_radix(text.get(at..at + 8)?, 16)
                .ok()
                .map(u32::to_ne_bytes)
        })
        .collect::<Option<_>>()?;
    match words.concat().as_slice() {
        four @ [_, _, _, _] => <[u8; 4]>::try_from(four)
            .ok()
            .map(|octets| Ipv4Addr::from(octets).into()),
        sixteen => <[u8; 16]>::try_from(sixteen)
            .ok()
            .map(|octets| Ipv6Addr::from(octets).into()),
    }
}

/// What trying to listen showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tried {
    /// It is free.
    Free,
    /// Somebody listens there.
    InUse,
    /// It cannot be listened on.
    Refused(io::ErrorKind),
}

/// Listens for a moment.
pub(super) fn try_listen(address: SocketAddr) -> Tried {
    match TcpListener::bind(address) {
        Ok(_) => Tried::Free,
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Tried::InUse,
        Err(error) => Tried::Refused(error.kind()),
    }
}

/// What it means. `jeton` is the version of the jeton that answers there, if one does.
pub(super) fn judge(address: SocketAddr, tried: &Tried, jeton: Option<&str>, holder: Option<&str>) -> Finding {
    const CHECK: &str = "address";
    match (tried, jeton) {
        (Tried::Free, _) => Finding::ok(CHECK, format!("{address} is free; no server runs there")),
        (Tried::InUse, Some(version)) => {
            let who = holder.map(|holder| format!(", {holder}")).unwrap_or_default();
            Finding::ok(CHECK, format!("jeton {version} serves {address}{who}"))
        }
        (Tried::InUse, None) => Finding::fail(
            CHECK,
            Code::ListenFailed,
            format!(
                "{address} is held by {}",
                holder.unwrap_or("a process that cannot be told")
            ),
            "Stop that process, or choose another address with server.listen (JETON_SERVER__LISTEN).",
        ),
        (Tried::Refused(io::ErrorKind::PermissionDenied), _) => Finding::fail(
            CHECK,
            Code::ListenFailed,
            format!("this user may not listen on {address}"),
            "Choose a port from 1024 on, or give the service CAP_NET_BIND_SERVICE.",
        ),
        (Tried::Refused(io::ErrorKind::AddrNotAvailable), _) => Finding::fail(
            CHECK,
            Code::ListenFailed,
            format!("no interface of this machine has the address of {address}"),
            "Choose an address that `ip address` shows, or 0.0.0.0 for all of them.",
        ),
        (Tried::Refused(kind), _) => Finding::fail(
            CHECK,
            Code::ListenFailed,
            format!("{address} cannot be listened on: {kind}"),
            "Choose another address with server.listen (JETON_SERVER__LISTEN).",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        net::{SocketAddr, TcpListener},
        path::Path,
    };

    use super::{Holder, Tried, collides, holder, judge, listening, try_listen};
    use crate::doctor::Level;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn the_kernels_table_is_read() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0 100 0\n\
             1: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 4243 1 0 100 0\n";
        assert_eq!(listening(table), [(address("127.0.0.1:8080"), 4242)]);
        let six = "head\n 0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A \
                   00000000:00000000 00:00000000 00000000 0 0 77 1 0 100 0\n";
        assert_eq!(listening(six), [(address("[::1]:80"), 77)]);
        assert!(listening("head\nnonsense\n 0: zz:1 x 0A\n").is_empty());
    }

    #[test]
    fn all_addresses_collide_with_each() {
        assert!(collides(address("0.0.0.0:80"), address("127.0.0.1:80")));
        assert!(collides(address("[::]:80"), address("127.0.0.1:80")));
        assert!(collides(address("[::ffff:127.0.0.1]:80"), address("127.0.0.1:80")));
        assert!(!collides(address("127.0.0.2:80"), address("127.0.0.1:80")));
        assert!(!collides(address("127.0.0.1:81"), address("127.0.0.1:80")));
    }

    #[test]
    fn the_process_that_listens_is_named() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let here = listener.local_addr().unwrap();
        let Holder::Process { pid, name } = holder(Path::new("/proc"), here) else {
            panic!("a process")
        };
        assert_eq!(pid, std::process::id());
        assert!(!name.is_empty());
        assert_eq!(try_listen(here), Tried::InUse);
        drop(listener);
        assert_eq!(holder(Path::new("/proc"), here), Holder::Nobody);
    }

    #[test]
    fn a_process_that_may_not_be_seen_is_said_to_be_hidden() {
        let proc = tempfile::tempdir().unwrap();
        std::fs::create_dir(proc.path().join("net")).unwrap();
        let table = "head\n 0: 00000000:1F90 00000000:0000 0A 0:0 0:0 0 0 0 9 1\n";
        std::fs::write(proc.path().join("net/tcp"), table).unwrap();
        assert_eq!(holder(proc.path(), address("127.0.0.1:8080")), Holder::Hidden);
    }

    #[test]
    fn jeton_itself_is_no_trouble() {
        let at = address("127.0.0.1:8080");
        let ours = judge(at, &Tried::InUse, Some("0.1.0"), Some("jeton (process 7)"));
        assert_eq!(ours.level, Level::Ok);
        assert!(ours.what.contains("process 7"));
        let other = judge(at, &Tried::InUse, None, Some("nginx (process 8)"));
        assert_eq!(
            (other.level, other.code.as_deref()),
            (Level::Fail, Some("server.listen"))
        );
        assert!(other.what.contains("nginx (process 8)"));
        assert_eq!(judge(at, &Tried::Free, None, None).level, Level::Ok);
        let low = judge(at, &Tried::Refused(io::ErrorKind::PermissionDenied), None, None);
        assert!(low.remedy.unwrap().contains("1024"));
    }
}
