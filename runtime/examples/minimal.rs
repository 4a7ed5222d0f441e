//! Runs Python inside of a Rust program: `cargo example minimal`.

use tauraro::{Output, Runtime, ScriptError};

const SCRIPT: &str = "
def shout(text, times=1):
    print('shouting', text)
    return text.upper() + '!' * times
";

#[expect(clippy::print_stdout, reason = "what the example shows")]
pub(crate) fn main() -> Result<(), ScriptError> {
    let runtime = Runtime::builder().stdout(Output::capture()).build()?;
    runtime.run_string(SCRIPT, "shout.py")?;

    let shouted: String = runtime.call("shout", ("hello", 3))?;
    let printed = String::from_utf8_lossy(&runtime.take_stdout()).into_owned();
    println!("it gave {shouted:?} and printed {printed:?}");
    assert_eq!((shouted.as_str(), printed.as_str()), ("HELLO!!!", "shouting hello\n"));

    // What a script raises is an error with everything Python says of it.
    let Err(error) = runtime.call::<String>("shout", (42,)) else { unreachable!("a number cannot shout") };
    print!("{}", error.traceback());
    assert_eq!(error.to_string(), "AttributeError: 'int' object has no attribute 'upper'");
    assert!(error.traceback().contains("File \"shout.py\", line 4, in shout"));
    Ok(())
}
