//! Values between Rust and Python.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, SystemTime};

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use tauraro::{Bytes, Integer, Iso8601, Runtime};

use crate::start;

/// What becomes of a value that goes to Python and back.
fn there_and_back<T: Serialize + DeserializeOwned>(runtime: &Runtime, value: &T) -> T {
    runtime.set_global("value", value).expect("a value for Python");
    runtime.get_global("value").expect("a value for Rust")
}

/// Class and message of what becomes of an expression that `T` does not fit.
fn refusal<T: DeserializeOwned>(runtime: &Runtime, expression: &str) -> (String, String) {
    match runtime.eval::<T>(expression) {
        Ok(_) => panic!("{expression} is taken"),
        Err(error) => (error.class().to_owned(), error.message().to_owned()),
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Server {
    host: String,
    port: u16,
    tags: Vec<String>,
    limits: Option<Limits>,
    mode: Mode,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Limits {
    timeout: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Mode {
    Plain,
    Secure(String),
    Between(u8, u8),
    Named { name: char },
}

/// Checks the limits of integer types, and what is beyond.
macro_rules! check {
    ($runtime:ident: $($type:ty),*) => {$(
        for value in [<$type>::MIN, <$type>::MAX, 0, 1] {
            assert_eq!(there_and_back(&$runtime, &value), value);
            assert!($runtime.eval::<bool>(&format!("value == {value}")).expect("a bool"));
        }
        let beyond = format!("{} + 1", <$type>::MAX);
        let (class, message) = refusal::<$type>(&$runtime, &beyond);
        assert_eq!(class, "OverflowError");
        let expected = format!("result: expected an integer from {} to {}, got ", <$type>::MIN, <$type>::MAX);
        assert!(message.starts_with(&expected), "{message}");
        assert_eq!(refusal::<$type>(&$runtime, &format!("{} - 1", <$type>::MIN)).0, "OverflowError");
    )*};
}

#[test]
fn integers_are_exact() {
    let runtime = start();
    check!(runtime: i8, i16, i32, i64, i128, u8, u16, u32, u64, u128, usize, isize);
    assert_eq!(refusal::<u8>(&runtime, "300").1, "result: expected an integer from 0 to 255, got 300 (int)");
    assert_eq!(
        refusal::<u8>(&runtime, "10 ** 400").1,
        "result: expected an integer from 0 to 255, got an int of more than 256 bits"
    );
    for (expression, shown) in [
        ("1.0", "1.0 (float)"),
        ("True", "True"),
        ("None", "None"),
        ("'7'", "'7' (str)"),
        ("[1]", "list"),
        ("object()", "object"),
        ("'x' * 10_000", "str of more than 4096 bytes"),
        ("'x' * 1000", "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx... (str)"),
    ] {
        let (class, message) = refusal::<i32>(&runtime, expression);
        assert_eq!(class, "TypeError", "{expression}");
        assert!(message.ends_with(&format!("got {shown}")), "{message}");
    }
}

#[test]
fn integers_of_any_size() {
    let runtime = start();
    for text in ["0", "-1", "7", "-340282366920938463463374607431768211457", &"9".repeat(4000)] {
        let integer: Integer = text.parse().expect("digits");
        assert_eq!(there_and_back(&runtime, &integer), integer);
        assert!(runtime.eval::<bool>("type(value) is int").expect("a bool"));
        // The text of it is what it is to other formats.
        assert_eq!(serde_json::to_string(&integer).expect("JSON"), format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<Integer>(&format!("\"{text}\"")).expect("an integer"), integer);
    }
    assert_eq!(runtime.eval::<Integer>("2 ** 200").expect("an integer").as_str().len(), 61);
    assert_eq!(i128::try_from(&runtime.eval::<Integer>("-(2 ** 127)").expect("an integer")), Ok(i128::MIN));
    assert!(u128::try_from(&Integer::from(-1_i128)).is_err());
    assert_eq!("-000".parse::<Integer>().expect("digits").as_str(), "0");
    for text in ["", "-", "1.5", "--1", "1_0", " 1"] {
        assert!(text.parse::<Integer>().is_err(), "{text:?}");
    }
    assert_eq!(refusal::<Integer>(&runtime, "1.5").0, "TypeError");
    assert_eq!(refusal::<Integer>(&runtime, "1 << 2_000_000").0, "OverflowError");
    assert_eq!(refusal::<serde_json::Value>(&runtime, "2 ** 200").0, "OverflowError");
}

#[test]
fn floats() {
    let runtime = start();
    for value in [0.0, -0.0, 1.5, f64::MAX, f64::MIN_POSITIVE, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(there_and_back(&runtime, &value).to_bits(), value.to_bits());
    }
    assert!(there_and_back(&runtime, &f64::NAN).is_nan());
    assert_eq!(there_and_back(&runtime, &1.25_f32).to_bits(), 1.25_f32.to_bits());
    assert_eq!(
        runtime.eval::<f64>("2 ** 53").expect("a float").to_bits(),
        9_007_199_254_740_992.0_f64.to_bits()
    );
    assert_eq!(
        runtime.eval::<f64>("-3 * 2 ** 100").expect("a float").to_bits(),
        (-3.0 * 2_f64.powi(100)).to_bits()
    );
    for expression in ["2 ** 53 + 1", "2 ** 127 - 1", "-(2 ** 127) - 1"] {
        assert_eq!(refusal::<f64>(&runtime, expression).0, "OverflowError", "{expression}");
    }
    assert_eq!(refusal::<f64>(&runtime, "10 ** 1000").0, "OverflowError");
    assert_eq!(refusal::<f32>(&runtime, "1e300").0, "OverflowError");
    assert!(runtime.eval::<f32>("float('inf')").expect("infinity").is_infinite());
    assert_eq!(refusal::<f64>(&runtime, "'1.5'").1, "result: expected a number, got '1.5' (str)");
}

#[test]
fn texts_and_bytes() {
    let runtime = start();
    for text in ["", "plain", "Grüße \u{1F600}", "a\0b"] {
        assert_eq!(there_and_back(&runtime, &text.to_owned()), text);
    }
    assert_eq!(there_and_back(&runtime, &'é'), 'é');
    assert_eq!(refusal::<char>(&runtime, "'ab'").1, "result: expected one character, got 'ab' (str)");
    assert_eq!(refusal::<String>(&runtime, "'\\ud800'").0, "ValueError");
    assert_eq!(refusal::<String>(&runtime, "b'bytes'").1, "result: expected text, got b'bytes' (bytes)");
    assert_eq!(runtime.eval::<String>("__import__('pathlib').Path('/tmp') / 'x'").expect("a path"), "/tmp/x");

    let bytes = Bytes(vec![0, 255, 7]);
    assert_eq!(there_and_back(&runtime, &bytes), bytes);
    assert!(runtime.eval::<bool>("value == b'\\x00\\xff\\x07'").expect("a bool"));
    for expression in ["b'ab'", "bytearray(b'ab')", "memoryview(b'ab')", "[97, 98]"] {
        assert_eq!(runtime.eval::<Bytes>(expression).expect("bytes").0, b"ab", "{expression}");
        assert_eq!(runtime.eval::<Vec<u8>>(expression).expect("bytes"), b"ab", "{expression}");
    }
    assert_eq!(refusal::<Bytes>(&runtime, "'ab'").1, "result: expected bytes, got 'ab' (str)");
    assert_eq!(
        refusal::<Vec<u8>>(&runtime, "[1, 256]").1,
        "result[1]: expected an integer from 0 to 255, got 256 (int)"
    );
}

#[test]
fn collections() {
    let runtime = start();
    assert_eq!(there_and_back(&runtime, &vec![Some(1), None]), [Some(1), None]);
    assert!(runtime.eval::<bool>("value == [1, None]").expect("a bool"));
    assert_eq!(there_and_back(&runtime, &(1, "a".to_owned(), true)), (1, "a".to_owned(), true));
    assert!(runtime.eval::<bool>("value == (1, 'a', True)").expect("a bool"));
    assert_eq!(there_and_back(&runtime, &[1.5, 2.5]).map(f64::to_bits), [1.5, 2.5].map(f64::to_bits));
    there_and_back(&runtime, &());
    assert!(runtime.eval::<bool>("value is None").expect("a bool"));
    let map = BTreeMap::from([((1, 2), vec!['a']), ((3, 4), vec![])]);
    assert_eq!(there_and_back(&runtime, &map), map);
    assert!(runtime.eval::<bool>("value == {(1, 2): ['a'], (3, 4): []}").expect("a bool"));
    for expression in ["{3, 1, 2}", "frozenset([1, 2, 3])", "(1, 2, 3)", "[1, 2, 3]"] {
        assert_eq!(runtime.eval::<BTreeSet<u8>>(expression).expect("a set"), BTreeSet::from([1, 2, 3]));
    }
    assert_eq!(refusal::<(u8, u8)>(&runtime, "(1, 2, 3)").1, "result: expected 2 items, got 3");
    assert_eq!(refusal::<[u8; 2]>(&runtime, "[1]").1, "result: expected 2 items, got 1");
    assert_eq!(refusal::<Vec<u8>>(&runtime, "iter([1])").0, "TypeError");
    assert_eq!(refusal::<HashMap<String, u8>>(&runtime, "[1]").0, "TypeError");
    // A list cannot be a key.
    let error = runtime.set_global("value", &BTreeMap::from([(vec![1], 2)])).expect_err("no key");
    assert_eq!(error.class(), "TypeError");
}

#[test]
fn structs_and_enumerations() {
    let runtime = start();
    for mode in [Mode::Plain, Mode::Secure("key".into()), Mode::Between(1, 2), Mode::Named { name: 'n' }] {
        let server = Server {
            host: "example.org".into(),
            port: 443,
            tags: vec!["a".into(), "b".into()],
            limits: Some(Limits { timeout: 2.5 }),
            mode,
        };
        assert_eq!(there_and_back(&runtime, &server), server);
    }
    for (expression, mode) in [
        ("'Plain'", Mode::Plain),
        ("{'Secure': 'k'}", Mode::Secure("k".into())),
        ("{'Between': (1, 2)}", Mode::Between(1, 2)),
        ("{'Named': {'name': 'n'}}", Mode::Named { name: 'n' }),
    ] {
        assert_eq!(runtime.eval::<Mode>(expression).expect("a variant"), mode);
    }
    assert!(refusal::<Mode>(&runtime, "'Other'").1.contains("unknown variant `Other`"));
    assert_eq!(refusal::<Mode>(&runtime, "1").0, "TypeError");
    assert_eq!(refusal::<Mode>(&runtime, "{'Plain': None, 'Secure': ''}").0, "ValueError");
    assert!(refusal::<Mode>(&runtime, "'Secure'").1.contains("got the name alone"));
    assert_eq!(
        refusal::<Mode>(&runtime, "{'Between': (1, 900)}").1,
        "result.Between[1]: expected an integer from 0 to 255, got 900 (int)"
    );
}

#[test]
fn objects_of_the_standard_library() {
    let runtime = start();
    let source = "
import dataclasses, enum, collections, typing, types
@dataclasses.dataclass
class Limits:
    timeout: float
    kind: typing.ClassVar[str] = 'x'
@dataclasses.dataclass(slots=True)
class Server:
    host: str
    port: int
    tags: tuple = ()
    limits: Limits | None = None
    mode: str = 'Plain'
class Row(typing.NamedTuple):
    timeout: float
    other: int = 0
class Level(enum.Enum):
    LOW = 1
    HIGH = 'Plain'
class Number(enum.IntEnum):
    ONE = 1
";
    runtime.run_string(source, "<classes>").expect("runs");
    let server: Server =
        runtime.eval("Server('h', 1, ('t',), Limits(1.5), Level.HIGH)").expect("a dataclass");
    assert_eq!(server.limits, Some(Limits { timeout: 1.5 }));
    assert_eq!((server.tags, server.mode), (vec!["t".to_owned()], Mode::Plain));
    assert_eq!(runtime.eval::<Limits>("Row(2)").expect("a named tuple"), Limits { timeout: 2.0 });
    assert_eq!(runtime.eval::<(f64, u8)>("Row(2, 3)").expect("its items"), (2.0, 3));
    assert_eq!(runtime.eval::<Vec<u8>>("[Level.LOW, Number.ONE]").expect("values"), [1, 1]);
    let ordered = "collections.OrderedDict(timeout=1)";
    assert_eq!(runtime.eval::<Limits>(ordered).expect("a dict"), Limits { timeout: 1.0 });
    assert_eq!(
        refusal::<Server>(&runtime, "Server('h', 70000)").1,
        "result.port: expected an integer from 0 to 65535, got 70000 (int)"
    );
    assert_eq!(
        refusal::<Limits>(&runtime, "types.SimpleNamespace(timeout=1)").1,
        "result: expected a dict, dataclass or named tuple, got types.SimpleNamespace"
            .replace("types.SimpleNamespace", "SimpleNamespace")
    );
    // What a property raises is what comes back.
    runtime.run_string("class Bad(enum.Enum):\n    A = 1\nBad.A._value_ = Bad.A", "<bad>").expect("runs");
    assert_eq!(refusal::<u8>(&runtime, "Bad.A").0, "TypeError");
    runtime
        .run_string("class Path:\n    def __fspath__(self): raise KeyError('path')", "<path>")
        .expect("runs");
    assert_eq!(refusal::<String>(&runtime, "Path()"), ("KeyError".to_owned(), "'path'".to_owned()));
}

#[test]
fn dates_and_durations() {
    let runtime = start();
    runtime.run_string("from datetime import *", "<dates>").expect("runs");
    for (text, class) in [
        ("2024-02-29T12:30:00.000250+02:00", "datetime"),
        ("2024-02-29T12:30:00", "datetime"),
        ("2024-02-29", "date"),
        ("12:30:00-05:00", "time"),
    ] {
        assert_eq!(there_and_back(&runtime, &Iso8601(text.to_owned())).0, text);
        assert!(runtime.eval::<bool>(&format!("type(value) is {class}")).expect("a bool"), "{text}");
        assert_eq!(runtime.eval::<String>("value").expect("a text"), text);
    }
    let error = runtime.set_global("value", &vec![Iso8601("soon")]).expect_err("no date");
    assert_eq!(error.to_string(), "ValueError: value[0]: expected a date or time of ISO 8601, got \"soon\"");
    assert_eq!(runtime.set_global("value", &Iso8601(3)).expect_err("no text").class(), "TypeError");

    for duration in [Duration::ZERO, Duration::from_micros(1_500_001), Duration::from_hours(1_000_000)] {
        assert_eq!(there_and_back(&runtime, &duration), duration);
        assert!(runtime.eval::<bool>("type(value) is timedelta").expect("a bool"));
    }
    assert_eq!(there_and_back(&runtime, &Duration::from_nanos(1_999)), Duration::from_micros(1));
    assert_eq!(refusal::<Duration>(&runtime, "timedelta(days=-1)").0, "OverflowError");
    assert_eq!(runtime.set_global("value", &Duration::MAX).expect_err("too long").class(), "OverflowError");
    assert!(
        (runtime.eval::<f64>("timedelta(milliseconds=1500)").expect("seconds") - 1.5).abs() < f64::EPSILON
    );

    let time = SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_000_001);
    assert_eq!(there_and_back(&runtime, &time), time);
    let text = "value.isoformat()";
    assert_eq!(runtime.eval::<String>(text).expect("a text"), "2023-11-14T22:13:20.000001+00:00");
    let other_zone = "value.astimezone(timezone(timedelta(hours=5)))";
    assert_eq!(runtime.eval::<SystemTime>(other_zone).expect("a time"), time);
    for expression in ["datetime(2024, 1, 1)", "date(2024, 1, 1)", "time(1, tzinfo=timezone.utc)"] {
        assert_eq!(refusal::<SystemTime>(&runtime, expression).0, "ValueError", "{expression}");
    }

    runtime.set_global("value", &namesake::Duration { secs: 1 }).expect("a dict");
    assert!(runtime.eval::<bool>("value == {'secs': 1}").expect("a bool"));
}

/// Named as a standard type, but another.
mod namesake {
    #[derive(serde::Serialize)]
    pub(super) struct Duration {
        pub(super) secs: u8,
    }
}

#[test]
fn errors_name_the_place() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct User {
        #[expect(dead_code, reason = "only what is refused matters")]
        age: u8,
    }
    #[derive(Debug, Deserialize)]
    struct Data {
        #[expect(dead_code, reason = "only what is refused matters")]
        users: Vec<User>,
        #[expect(dead_code, reason = "only what is refused matters")]
        #[serde(default)]
        sizes: HashMap<String, HashMap<u8, f64>>,
    }
    let runtime = start();
    for (expression, class, message) in [
        (
            "{'users': [{'age': 1}, {'age': 300}]}",
            "OverflowError",
            "result.users[1].age: expected an integer from 0 to 255, got 300 (int)",
        ),
        ("{'users': [{'age': 1}, {}]}", "ValueError", "result.users[1]: missing field `age`"),
        (
            "{'users': [{'age': 1, 'agee': 2}]}",
            "ValueError",
            "result.users[0].agee: unknown field `agee`, expected `age`",
        ),
        ("{'users': None}", "TypeError", "result.users: expected a list, tuple or set, got None"),
        (
            "{'users': [], 'sizes': {'a b': {3: 'x'}}}",
            "TypeError",
            "result.sizes[\"a b\"][3 (int)]: expected a number, got 'x' (str)",
        ),
        ("{'users': [], 1: 2}", "TypeError", "result[1 (int)]: expected a name of type str, got 1 (int)"),
        ("{}", "ValueError", "result: missing field `users`"),
    ] {
        let (found_class, found) = refusal::<Data>(&runtime, expression);
        assert_eq!((found_class.as_str(), found.as_str()), (class, message));
    }
    runtime.run_string("config = {'users': [{'age': -1}]}", "<config>").expect("runs");
    let error = runtime.get_global::<Data>("config").expect_err("no age");
    assert_eq!(error.message(), "config.users[0].age: expected an integer from 0 to 255, got -1 (int)");
    assert!(error.frames().is_empty());
}

#[test]
fn what_contains_itself_is_an_error() {
    let runtime = start();
    runtime
        .run_string(
            "loop = []; loop.append(loop)
ring = {}; ring['ring'] = ring
deep = []
for _ in range(100_000): deep = [deep]",
            "<loops>",
        )
        .expect("runs");
    for name in ["loop", "ring", "deep"] {
        let error = runtime.get_global::<serde_json::Value>(name).expect_err("endless");
        assert_eq!(error.class(), "ValueError");
        assert!(error.message().ends_with("nested more than 128 levels deep"), "{}", error.message());
        runtime.get_global::<IgnoredAny>(name).expect("is not examined");
    }
    let mut deep = serde_json::Value::Null;
    for _ in 0..200 {
        deep = serde_json::Value::Array(vec![deep]);
    }
    assert_eq!(runtime.set_global("value", &deep).expect_err("too deep").class(), "ValueError");
}

/// Takes everything and keeps nothing.
#[derive(Debug)]
struct Counted;
impl<'de> Deserialize<'de> for Counted {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counter;
        impl<'de> serde::de::Visitor<'de> for Counter {
            type Value = Counted;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("anything")
            }
            fn visit_str<E>(self, _text: &str) -> Result<Counted, E> {
                Ok(Counted)
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<Counted, A::Error> {
                while items.next_element::<Counted>()?.is_some() {}
                Ok(Counted)
            }
        }
        deserializer.deserialize_any(Counter)
    }
}

#[test]
fn small_objects_that_stand_for_large_values() {
    let runtime = start();
    let source =
        "laughs = 'ha' * 10\nfor _ in range(40): laughs = [laughs] * 10\nlong = ['x' * 1_000_000] * 100_000";
    runtime.run_string(source, "<laughs>").expect("runs");
    let error = runtime.get_global::<Vec<String>>("long").expect_err("too large");
    assert_eq!(error.class(), "ValueError");
    assert!(error.message().ends_with("the whole value takes more than 256 MiB"), "{}", error.message());
    runtime.get_global::<IgnoredAny>("laughs").expect("is not examined");
    assert_eq!(runtime.get_global::<Counted>("laughs").expect_err("too large").class(), "ValueError");
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Either {
    Number(i64),
    Text(String),
}

#[test]
fn values_that_describe_themselves() {
    let runtime = start();
    let expression = "{'a': [1, 2.5, None, True, 'x', (2 ** 63,)], 'b': {'c': -1}}";
    let value: serde_json::Value = runtime.eval(expression).expect("a value");
    assert_eq!(value, serde_json::json!({"a": [1, 2.5, null, true, "x", [1_u64 << 63]], "b": {"c": -1}}));
    assert_eq!(there_and_back(&runtime, &value), value);
    let both: Vec<Either> = runtime.eval("[1, 'x']").expect("either");
    assert_eq!(both, [Either::Number(1), Either::Text("x".into())]);
    assert_eq!(refusal::<serde_json::Value>(&runtime, "lambda: 1").0, "TypeError");
}
