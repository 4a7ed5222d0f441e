//! Calling functions of scripts and modules.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde::de::IgnoredAny;
use tauraro::{Keywords, ScriptError};

use crate::start;

#[derive(Serialize)]
struct Options {
    loud: bool,
}

#[test]
fn functions_are_called() {
    let runtime = start();
    let source = "
def add(a, b=10, *rest, **named): return a + b + sum(rest) + sum(named.values())
def none(): pass
class Greeter:
    def greet(self, name, /, *, loud=False): return f'Hello, {name}' + '!' * loud
greeter = Greeter()
def fail(): raise LookupError('no such thing')
";
    runtime.run_string(source, "<functions>").expect("runs");
    assert_eq!(runtime.call::<i64>("add", (1, 2)).expect("a sum"), 3);
    assert_eq!(runtime.call::<i64>("add", (1,)).expect("a sum"), 11);
    assert_eq!(runtime.call::<i64>("add", [1, 2, 3]).expect("a sum"), 6);
    assert_eq!(runtime.call::<i64>("add", &vec![1, 2, 3]).expect("a sum"), 6);
    let named = HashMap::from([("b", 1), ("c", 2)]);
    assert_eq!(runtime.call::<i64>("add", Keywords((1,), &named)).expect("a sum"), 4);
    runtime.call::<()>("none", ()).expect("nothing");

    let greeting: String =
        runtime.call("greeter.greet", Keywords(("you",), Options { loud: true })).expect("a text");
    assert_eq!(greeting, "Hello, you!");
    assert_eq!(runtime.call::<f64>("math.hypot", (3, 4)).expect("a float").to_bits(), 5.0_f64.to_bits());
    assert_eq!(runtime.call::<String>("os.path.join", ("a", "b")).expect("a path"), "a/b");
    let parsed: BTreeMap<String, String> = runtime
        .call("urllib.parse.parse_qsl", ("a=1",))
        .map(|pairs: Vec<(String, String)>| pairs.into_iter().collect())
        .expect("pairs");
    assert_eq!(parsed, BTreeMap::from([("a".into(), "1".into())]));
    assert_eq!(runtime.call::<u8>("len", ("abc",)).expect("a built-in"), 3);

    let failure = |result: Result<IgnoredAny, ScriptError>| result.expect_err("fails").to_string();
    assert_eq!(failure(runtime.call("fail", ())), "LookupError: no such thing");
    assert_eq!(failure(runtime.call("missing", ())), "NameError: name 'missing' is not defined");
    assert_eq!(failure(runtime.call("no_module.f", ())), "ModuleNotFoundError: No module named 'no_module'");
    assert!(failure(runtime.call("math.missing", ())).starts_with("AttributeError"));
    assert_eq!(
        failure(runtime.call("a..b", ())),
        "ValueError: expected a name such as 'f' or 'module.f', got \"a..b\""
    );
    assert_eq!(
        failure(runtime.call("add", 1)),
        "TypeError: arguments: expected a tuple, an array or a Vec, got int; one argument is a tuple as well: (value,)"
    );
    assert_eq!(
        failure(runtime.call("add", Keywords((), [1]))),
        "TypeError: keywords: expected a struct or a map, got tuple"
    );
    assert_eq!(
        failure(runtime.call("add", Keywords((), HashMap::from([(1, 2)])))),
        "TypeError: keywords: expected names of type str, got int"
    );
    assert_eq!(failure(runtime.get_global("missing")), "NameError: name 'missing' is not defined");
    assert!(failure(runtime.call("greeter", ())).starts_with("TypeError: 'Greeter' object is not callable"));
}
