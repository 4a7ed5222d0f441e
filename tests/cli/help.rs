//! Help, manual page, completions and type stubs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::{Folder, run, tauraro, text};

/// What `-h` prints fits a terminal of 80 columns and 24 lines, with a prompt below.
#[test]
fn help_fits_a_screen() {
    let help = text(&run(tauraro(), &["--help"], "").stdout);
    assert!(help.lines().count() < 24, "{help}");
    for line in help.lines() {
        assert!(line.chars().count() < 80, "{line:?}");
    }
}

/// Manual page and completions name every option that `--help-all` names.
#[test]
fn manual_and_completions_are_whole() {
    let all = text(&run(tauraro(), &["--help-all"], "").stdout);
    let options: Vec<&str> = all
        .lines()
        .filter(|line| line.starts_with('-') && line.contains(':') && !line.starts_with("- "))
        .filter_map(|line| line.split([' ', ':', '[']).next())
        .collect();
    assert!(options.len() > 20 && options.contains(&"-c") && options.contains(&"--man"), "{options:?}");
    let page = text(&run(tauraro(), &["--man"], "").stdout);
    let bash = text(&run(tauraro(), &["--completions", "bash"], "").stdout);
    let zsh = text(&run(tauraro(), &["--completions", "zsh"], "").stdout);
    let fish = text(&run(tauraro(), &["--completions", "fish"], "").stdout);
    for option in options {
        let in_roff = format!("\\fB{}\\fR", option.replace('-', "\\-"));
        assert!(page.contains(&in_roff), "{option} is not in the manual page");
        assert!(
            bash.contains(&format!(" {option} "))
                || bash.contains(&format!("'{option} "))
                || bash.contains(&format!(" {option}'")),
            "{option} is not in {bash}"
        );
        assert!(zsh.contains(&format!("'{option}[")), "{option} is not in {zsh}");
        let in_fish = match option.strip_prefix("--") {
            Some(long) => format!(" -l {long} "),
            None => format!(" -s '{}'", &option[1..]),
        };
        assert!(fish.contains(&in_fish), "{option} is not in {fish}");
    }
    for part in [".TH TAURARO 1", ".SH SYNOPSIS", "PYTHONPATH", "types DIR", "compile FILE", "\\-\\-include"]
    {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn type_stubs_are_written() {
    let folder = Folder::new("types");
    let target = folder.0.join("deep/stubs");
    let output = run(tauraro(), &[OsStr::new("types"), target.as_os_str()], "");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../stdlib-docs/stubs");
    let stubs = files_below(&source);
    assert_eq!(files_below(&target), stubs);
    assert!(stubs.contains(&"websockets/asyncio/client.pyi".into()), "{stubs:?}");
    for stub in stubs {
        let texts = [&source, &target].map(|folder| std::fs::read(folder.join(&stub)).expect("a stub"));
        assert_eq!(text(&texts[0]), text(&texts[1]), "{}", stub.display());
    }
    // A script of that name is a script.
    folder.write("types", "print('a script')\n");
    let mut command = tauraro();
    command.current_dir(&folder.0);
    assert_eq!(text(&run(command, &["types"], "").stdout), "a script\n");
}

/// The files in a folder and the folders below, as paths from there.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = PathBuf::from(entry.file_name());
        if entry.path().is_dir() {
            files.extend(files_below(&entry.path()).into_iter().map(|file| name.join(file)));
        } else {
            files.push(name);
        }
    }
    files.sort();
    files
}
