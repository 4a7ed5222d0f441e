//! Resolving paths, and rules about folders.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// How many symbolic links are followed before a path counts as a loop, as in Linux.
const MAX_LINKS: usize = 40;

/// Folders of processes, devices and system settings: only a rule that names them applies to them. Writing to the
/// memory of a process, for example, is more than writing a file.
const SYSTEM_FOLDERS: [&str; 3] = ["/proc", "/sys", "/dev"];

/// A path of the bytes that the system calls take.
#[cfg(unix)]
pub fn from_bytes(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

/// A path of the bytes that the system calls take.
#[cfg(not(unix))]
pub fn from_bytes(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

/// The absolute path that `path` leads to, with every symbolic link followed, even to a file that does not exist yet.
/// The last component stays as it is unless `follow`. Components that do not exist stay as they are.
pub fn resolve(path: &Path, follow: bool) -> PathBuf {
    trace(path, follow).path
}

/// Where a path leads.
pub(super) struct Resolved {
    pub(super) path: PathBuf,
    /// The path as given, made absolute.
    pub(super) given: PathBuf,
    /// The first link on the way that is in a folder of the system. Such a link (`/proc/self/fd/5`) may lead elsewhere
    /// whenever it is used.
    pub(super) system_link: Option<PathBuf>,
}

impl Resolved {
    /// Whether a rule for the folder (or file) `rule` allows the link of the system to be followed.
    pub(super) fn may_follow(&self, rule: &Path) -> bool {
        let is_plain = !self.given.components().any(|component| component == Component::ParentDir);
        let Some(link) = &self.system_link else { return true };
        is_of_system(rule) && (link.starts_with(rule) || is_plain && self.given.starts_with(rule))
    }
}

/// As [`resolve`], and what the path leads through.
pub(super) fn trace(path: &Path, follow: bool) -> Resolved {
    let absolute = if path.is_absolute() {
        path.to_owned()
    } else {
        // Without a working folder a relative path leads nowhere that a rule could allow.
        std::env::current_dir().unwrap_or_default().join(path)
    };
    // The system always follows a link that is used as a folder.
    let text = path.as_os_str().as_encoded_bytes();
    let as_folder = text.ends_with(b"/") || text.ends_with(b"/.");
    let mut rest: VecDeque<Part> = parts(&absolute).collect();
    let mut done = PathBuf::new();
    let mut links = 0_usize;
    let mut system_link = None;
    while let Some(part) = rest.pop_front() {
        match part {
            Part::Root(root) => done.push(root),
            Part::Up => {
                done.pop();
            }
            Part::Name(name) => {
                done.push(name);
                if rest.is_empty() && !follow && !as_folder {
                    break;
                }
                let Ok(target) = fs::read_link(&done) else { continue };
                links = links.saturating_add(1);
                if links > MAX_LINKS {
                    // The system does not follow it any further.
                    continue;
                }
                if system_link.is_none() && is_of_system(&done) {
                    system_link = Some(done.clone());
                }
                done.pop();
                for part in parts(&target).collect::<Vec<_>>().into_iter().rev() {
                    rest.push_front(part);
                }
            }
        }
    }
    Resolved { path: done, given: absolute, system_link }
}

enum Part {
    Root(OsString),
    Up,
    Name(OsString),
}

fn parts(path: &Path) -> impl Iterator<Item = Part> {
    path.components().filter_map(|component| match component {
        Component::Prefix(_) | Component::RootDir => Some(Part::Root(component.as_os_str().to_owned())),
        Component::CurDir => None,
        Component::ParentDir => Some(Part::Up),
        Component::Normal(name) => Some(Part::Name(name.to_owned())),
    })
}

/// Whether a rule for the folder (or file) `rule` applies to `path`; both are resolved.
pub(super) fn covers(rule: &Path, path: &Path) -> bool {
    path.starts_with(rule) && (!is_of_system(path) || is_of_system(rule))
}

/// Whether a path is in a folder of the system.
pub(super) fn is_of_system(path: &Path) -> bool {
    SYSTEM_FOLDERS.iter().any(|folder| path.starts_with(folder))
}

/// Devices that store and reveal nothing.
pub(super) fn is_harmless(path: &Path, write: bool) -> bool {
    let known: &[&str] =
        if write { &["/dev/null"] } else { &["/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"] };
    known.iter().any(|device| path == Path::new(device))
}
