use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use crate::{Access, Audit, NetRule, PermissionChecker, Permissions, UnixName, resolve};

fn checker(permissions: Permissions) -> Arc<PermissionChecker> {
    Arc::new(PermissionChecker::new(permissions, None))
}

fn net(allowed: &str, denied: &str) -> Arc<PermissionChecker> {
    let permissions = Permissions::none().allow_net(allowed).expect("valid rules");
    checker(if denied.is_empty() { permissions } else { permissions.deny_net(denied).expect("valid rules") })
}

/// Whether a host given as a literal, or with the address it resolves to, can be connected to.
fn connects(checker: &PermissionChecker, host: &str, address: &str, port: u16) -> bool {
    let address: IpAddr = address.parse().expect("an address");
    checker.resolve(host, Some(port)).is_ok() && checker.connect(host, SocketAddr::new(address, port)).is_ok()
}

#[test]
fn rules_are_read() {
    for text in [
        "example.org",
        "*.example.org:443",
        "10.0.0.0/8",
        "10.0.0.1:80",
        "[::1]:8080",
        "::1",
        "fc00::/7",
        "[fc00::/7]:443",
        ":8080",
        "*",
        "*:80-90",
        "unix:/run/x",
        "unix:@x",
        "0x7f.1",
        "localhost:8000-8999",
    ] {
        let rule: NetRule = text.parse().expect(text);
        assert_eq!(rule.to_string(), text);
    }
    for text in [
        "",
        "a:b",
        "a:70000",
        "a:9-8",
        "10.0.0.0/33",
        "::/129",
        "[::1",
        "unix:",
        "a b",
        "a:+1",
        "*.10.0.0.1",
        "x/8",
    ] {
        let error = text.parse::<NetRule>().expect_err(text);
        assert!(error.to_string().contains(&format!("'{text}'")), "{error}");
    }
    for list in ["a,,b", ",", "a,"] {
        Permissions::none().allow_net(list).expect_err(list);
    }
    Permissions::none().allow_env("A*B").expect_err("a star in the middle");
}

#[test]
fn names_and_addresses_are_told_apart() {
    let only = net("example.org:443,*.example.net,192.0.2.0/24:80,[2001:db8::1]", "");
    assert!(connects(&only, "example.org", "198.51.100.1", 443));
    assert!(connects(&only, "EXAMPLE.org.", "198.51.100.1", 443));
    assert!(!connects(&only, "example.org", "198.51.100.1", 80));
    assert!(connects(&only, "a.b.example.net", "198.51.100.1", 80));
    assert!(!connects(&only, "example.net", "198.51.100.1", 80));
    assert!(!connects(&only, "badexample.net", "198.51.100.1", 80));
    assert!(connects(&only, "192.0.2.77", "192.0.2.77", 80));
    assert!(connects(&only, "0xc0.0.2.77", "192.0.2.77", 80));
    assert!(connects(&only, "::ffff:192.0.2.77", "::ffff:192.0.2.77", 80));
    assert!(!connects(&only, "192.0.3.77", "192.0.3.77", 80));
    assert!(connects(&only, "[2001:db8::1]", "2001:db8::1", 1));
    // A name that no rule names is not even looked up, whatever it might resolve to.
    assert!(!connects(&only, "elsewhere.test", "192.0.2.77", 80));
}

#[test]
fn an_address_is_allowed_in_the_name_it_was_found_for() {
    let only = net("example.org:443", "");
    let address = SocketAddr::from(([198, 51, 100, 1], 443));
    only.connect("198.51.100.1", address).expect_err("nobody asked for the name yet");
    only.remember("example.org", [address.ip()]);
    only.connect("198.51.100.1", address).expect("found for the name");
    let other = SocketAddr::from(([198, 51, 100, 1], 80));
    only.connect("198.51.100.1", other).expect_err("the rule has another port");
}

#[test]
fn denial_wins_over_every_notation() {
    let guarded = net("*", "127.0.0.0/8,::1,10.0.0.0/8,169.254.169.254,*.internal,fe80::/10");
    for (host, address) in [
        ("localhost", "127.0.0.1"),
        ("localhost", "::1"),
        ("rebound.example", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1"),
        ("0.0.0.0", "0.0.0.0"),
        ("::", "::"),
        ("64:ff9b::a00:1", "64:ff9b::a00:1"),
        ("2002:a00:1::", "2002:a00:1::"),
        ("::10.0.0.1", "::10.0.0.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("metadata.internal", "203.0.113.1"),
    ] {
        assert!(!connects(&guarded, host, address, 80), "{host} at {address}");
    }
    // A proxy would resolve it.
    guarded.resolve("localhost", Some(80)).expect_err("both of its addresses are denied");
    net("*", "127.0.0.0/8").resolve("localhost", Some(80)).expect("it may be ::1");
    assert!(connects(&guarded, "203.0.113.1", "203.0.113.1", 80));
    let error = guarded.connect("10.1.2.3", SocketAddr::from(([10, 1, 2, 3], 80))).expect_err("denied");
    assert_eq!(error.to_string(), "network access to 10.1.2.3:80 is denied by --deny-net=10.0.0.0/8");
    let error =
        net("a.test", "").connect("10.0.0.5", SocketAddr::from(([10, 0, 0, 5], 80))).expect_err("denied");
    assert_eq!(
        error.to_string(),
        "network access to 10.0.0.5:80 is denied; run with --allow-net=10.0.0.5:80"
    );
}

#[test]
fn a_local_name_may_be_checked_by_its_address() {
    let only = net("127.0.0.1:8080", "");
    assert!(connects(&only, "localhost", "127.0.0.1", 8080));
    assert!(!connects(&only, "localhost", "127.0.0.1", 80));
    assert!(!connects(&only, "localhost", "::1", 8080));
}

#[test]
fn unix_sockets_have_rules_of_their_own() {
    let only = net("unix:/run/app,unix:@known", "");
    only.connect_unix(&UnixName::new(b"/run/app/a.sock")).expect("below");
    only.connect_unix(&UnixName::new(b"/run/application")).expect_err("a longer name");
    only.connect_unix(&UnixName::new(b"/run/app/../b.sock")).expect_err("outside");
    only.connect_unix(&UnixName::new(b"/tmp/x\0/../run/app/a.sock")).expect_err("the path ends at the NUL");
    only.connect_unix(&UnixName::new(b"\0known")).expect("abstract");
    only.connect_unix(&UnixName::new(b"\0other")).expect_err("another name");
    net("*", "").connect_unix(&UnixName::new(b"/run/x")).expect("everything");
    net("*:80", "").connect_unix(&UnixName::new(b"/run/x")).expect_err("a rule about a port");
}

#[test]
fn listening_is_another_permission() {
    let permissions =
        Permissions::none().allow_listen("127.0.0.1:8000-8999,unix:/tmp/s").expect("valid rules");
    let checker = checker(permissions);
    checker.listen("127.0.0.1", SocketAddr::from(([127, 0, 0, 1], 8080))).expect("in the range");
    checker.listen("", SocketAddr::from(([0, 0, 0, 0], 8080))).expect_err("every interface");
    checker.listen("127.0.0.1", SocketAddr::from(([127, 0, 0, 1], 0))).expect_err("any port");
    checker.connect("127.0.0.1", SocketAddr::from(([127, 0, 0, 1], 8080))).expect_err("not a connection");
    checker.listen_unix(&UnixName::new(b"/tmp/s")).expect("named");
}

#[cfg(unix)]
#[test]
fn paths_are_followed_to_where_they_lead() {
    let root = std::env::temp_dir().join(format!("tauraro-permissions-{}", std::process::id()));
    let (inside, outside) = (root.join("inside"), root.join("outside"));
    std::fs::create_dir_all(&inside).expect("a folder");
    std::fs::create_dir_all(&outside).expect("a folder");
    std::os::unix::fs::symlink(&outside, inside.join("link")).expect("a link");
    std::os::unix::fs::symlink("../outside/new", inside.join("dangling")).expect("a link");
    std::os::unix::fs::symlink("loop", inside.join("loop")).expect("a link");
    let list = inside.display().to_string();
    let checker =
        checker(Permissions::none().allow_read(&list).expect("a path").allow_write(&list).expect("a path"));
    let may = |path: &Path, access| checker.file(path, access).is_ok();
    assert!(may(&inside, Access::READ));
    assert!(may(&inside.join("new/deep"), Access::WRITE));
    assert!(may(&inside.join("loop"), Access::READ));
    for path in [
        "link/x",
        "link",
        "dangling",
        "../outside/x",
        "x/../../outside",
        "../insider",
        "link/../inside/../outside",
    ] {
        assert!(!may(&inside.join(path), Access::READ), "{path}");
        assert!(!may(&inside.join(path), Access::WRITE), "{path}");
    }
    assert!(may(&inside.join("link"), Access { follow: false, ..Access::WRITE }), "the link itself");
    assert!(!may(&inside.join("link/"), Access { follow: false, ..Access::WRITE }), "what it leads to");
    for path in ["link/.", "link/./.", "link//"] {
        assert!(!may(&inside.join(path), Access { follow: false, ..Access::READ }), "{path}");
    }
    assert_eq!(resolve(&inside.join("link/a"), true), resolve(&outside, true).join("a"));
    let error = checker.file(Path::new("/etc/passwd"), Access::READ).expect_err("denied");
    assert_eq!(error.to_string(), "read access to /etc/passwd is denied; run with --allow-read=/etc/passwd");
    std::fs::remove_dir_all(&root).expect("removed");
}

#[test]
fn a_rule_for_everything_leaves_out_the_system() {
    let checker =
        checker(Permissions::none().allow_read("").expect("no list").allow_write("").expect("no list"));
    checker.file(Path::new("/etc/passwd"), Access::READ).expect("a file");
    for path in ["/proc/self/mem", "/proc/1/environ", "/sys/x", "/dev/sda"] {
        checker.file(Path::new(path), Access::READ).expect_err(path);
        checker.file(Path::new(path), Access::WRITE).expect_err(path);
    }
    checker.file(Path::new("/dev/null"), Access::WRITE).expect("holds nothing");
}

#[cfg(target_os = "linux")]
#[test]
fn links_of_the_system_may_change() {
    let folder = std::env::temp_dir();
    let file =
        std::fs::File::create(folder.join(format!("tauraro-fd-{}", std::process::id()))).expect("a file");
    let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file));
    let path = Path::new(&path);
    let some = |list: &str| checker(Permissions::none().allow_write(list).expect("a path"));
    let target = resolve(path, true);
    some(&target.display().to_string()).file(&target, Access::WRITE).expect("the file itself");
    let error = some(&target.display().to_string()).file(path, Access::WRITE).expect_err("by a descriptor");
    let shown = path.display();
    assert_eq!(
        error.to_string(),
        format!("write access to {shown} is denied; run with --allow-write={shown}")
    );
    some(&shown.to_string()).file(path, Access::WRITE).expect("named by itself");
    some(&format!("{},/proc/self", target.display())).file(path, Access::WRITE).expect("named");
    std::fs::remove_file(target).expect("removed");
}

#[test]
fn import_paths_are_readable_for_modules_only() {
    let checker = checker(Permissions::none());
    let folder = std::env::temp_dir();
    checker.add_import_path(&folder);
    checker.file(&folder, Access::READ).expect("a listing");
    checker.file(&folder.join("module.py"), Access::READ).expect("a module");
    checker.file(&folder.join("secret.txt"), Access::READ).expect_err("no module");
    checker.file(&folder.join("module.py"), Access::WRITE).expect_err("not to be written");
}

#[cfg(unix)]
#[test]
fn the_entries_of_a_folder_may_lead_elsewhere() {
    let root = std::env::temp_dir().join(format!("tauraro-entries-{}", std::process::id()));
    let folder = root.join("folder");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("file"), "").expect("a file");
    std::fs::write(root.join("secret"), "").expect("a file");
    let checker = checker(Permissions::none().allow_read(&folder.display().to_string()).expect("a path"));
    checker.file_or_entries(&folder, Access::READ).expect("all inside");
    checker.file_or_entries(&folder.join("file"), Access::READ).expect("a file");
    std::os::unix::fs::symlink("../secret", folder.join("link")).expect("a link");
    checker.file_or_entries(&folder, Access::READ).expect_err("one leads outside");
    std::fs::remove_dir_all(&root).expect("removed");
}

#[test]
fn environment_names_may_end_in_a_star() {
    let checker = checker(Permissions::none().allow_env("HOME,APP_*").expect("names"));
    for (name, seen) in [("HOME", true), ("APP_", true), ("APP_X", true), ("HOMER", false), ("PATH", false)] {
        assert_eq!(checker.sees_env(name), seen, "{name}");
    }
    let error = checker.set_env("PATH").expect_err("denied");
    assert_eq!(error.to_string(), "environment variable PATH is denied; run with --allow-env=PATH");
}

#[test]
fn a_list_narrows_what_was_open() {
    let open = Permissions::allow_all();
    assert!(!open.is_restricted());
    let narrowed = open.allow_net("a.test").expect("a rule");
    assert!(narrowed.restricts_net() && !narrowed.restricts_read() && !narrowed.restricts_run());
    assert!(!narrowed.allow_net("").expect("no list").is_restricted());
    let denied = checker(Permissions::allow_all().deny_net("").expect("no list"));
    denied.resolve("a.test", Some(80)).expect_err("every host");
}

#[test]
fn the_audit_log_is_not_held_open_nor_writable() {
    let path = std::env::temp_dir().join(format!("tauraro-audit-{}.jsonl", std::process::id()));
    let audit = Audit::to_file(&path).expect("a file");
    let checker = PermissionChecker::new(Permissions::allow_all(), Some(audit));
    checker.resolve("a.test", Some(80)).expect("allowed");
    checker.file(&path, Access::WRITE).expect_err("the log itself");
    checker.file(&path, Access::READ).expect("only reading");
    // A log that was moved away is started again.
    std::fs::rename(&path, path.with_extension("old")).expect("moved");
    checker.resolve("b.test", None).expect("allowed");
    let lines = |path: &Path| std::fs::read_to_string(path).expect("the log");
    let old = lines(&path.with_extension("old"));
    assert!(old.contains("a.test:80") && old.contains("\"allowed\":false"), "{old}");
    assert!(lines(&path).contains("b.test"));
    for path in [path.with_extension("old"), path] {
        std::fs::remove_file(path).expect("removed");
    }
}
