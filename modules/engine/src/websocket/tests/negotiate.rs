use crate::websocket::deflate::Agreement;
use crate::websocket::negotiate::{Parameters, Refusal, WindowBits, accept_answer, answer_offer};

fn parse(text: &str, in_request: bool) -> Result<Parameters, Refusal> {
    let pairs = text.split(';').map(str::trim).filter(|part| !part.is_empty());
    let pairs =
        pairs.map(|part| part.split_once('=').map_or((part, None), |(name, value)| (name, Some(value))));
    Parameters::parse(pairs, in_request)
}

fn request(text: &str) -> Parameters {
    parse(text, true).expect("valid parameters")
}

fn response(text: &str) -> Parameters {
    parse(text, false).expect("valid parameters")
}

#[test]
fn parameters() {
    let all = "server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=15";
    let parsed = request(all);
    let built: Vec<String> = parsed
        .build()
        .into_iter()
        .map(|(name, value)| value.map_or(name.clone(), |value| format!("{name}={value}")))
        .collect();
    assert_eq!(built.join("; "), all);
    assert_eq!(request("client_max_window_bits").client_max_window_bits, Some(WindowBits::Supported));

    for (text, message) in [
        (
            "server_no_context_takeover;server_no_context_takeover",
            "duplicate parameter: server_no_context_takeover",
        ),
        ("client_max_window_bits=9;client_max_window_bits=9", "duplicate parameter: client_max_window_bits"),
        ("unknown", "invalid parameter name: unknown"),
        ("client_no_context_takeover=1", "invalid value for parameter client_no_context_takeover: 1"),
        ("server_max_window_bits", "missing value for parameter server_max_window_bits"),
        ("server_max_window_bits=7", "invalid value for parameter server_max_window_bits: 7"),
        ("server_max_window_bits=08", "invalid value for parameter server_max_window_bits: 08"),
        ("client_max_window_bits=16", "invalid value for parameter client_max_window_bits: 16"),
        ("client_max_window_bits=", "empty value for parameter client_max_window_bits"),
    ] {
        assert_eq!(parse(text, true).expect_err("invalid").to_string(), message);
    }
    assert!(parse("client_max_window_bits", false).is_err());
}

#[test]
fn clients() {
    let agreed = |offer: &str, answer: &str| {
        let agreement =
            accept_answer(&request(offer), &response(answer)).map_err(|error| error.to_string())?;
        let Agreement { remote_no_context_takeover, local_no_context_takeover, .. } = agreement;
        let bits = (agreement.remote_max_window_bits, agreement.local_max_window_bits);
        Ok::<_, String>((remote_no_context_takeover, local_no_context_takeover, bits.0, bits.1))
    };
    assert_eq!(agreed("", ""), Ok((false, false, 15, 15)));
    assert_eq!(agreed("", "server_no_context_takeover"), Ok((true, false, 15, 15)));
    assert_eq!(agreed("client_no_context_takeover", ""), Ok((false, true, 15, 15)));
    assert_eq!(agreed("", "server_max_window_bits=8"), Ok((false, false, 8, 15)));
    assert_eq!(agreed("client_max_window_bits", "client_max_window_bits=9"), Ok((false, false, 15, 9)));
    assert_eq!(agreed("client_max_window_bits=12", ""), Ok((false, false, 15, 12)));
    for (offer, answer, message) in [
        ("server_no_context_takeover", "", "expected server_no_context_takeover"),
        ("server_max_window_bits=10", "", "expected server_max_window_bits"),
        ("server_max_window_bits=10", "server_max_window_bits=11", "unsupported server_max_window_bits"),
        ("", "client_max_window_bits=10", "unexpected client_max_window_bits"),
        ("client_max_window_bits=10", "client_max_window_bits=11", "unsupported client_max_window_bits"),
        (
            "client_max_window_bits",
            "client_max_window_bits=8",
            "unsupported client_max_window_bits = 8, use 9",
        ),
    ] {
        assert_eq!(agreed(offer, answer).expect_err("refused"), message);
    }
}

#[test]
fn servers() {
    let answered = |wanted: &str, requires: bool, offer: &str| {
        let answer = answer_offer(&request(wanted), requires, &request(offer));
        let (answer, agreement) = answer.map_err(|error| error.to_string())?;
        let parts: Vec<String> = answer
            .build()
            .into_iter()
            .map(|(name, value)| value.map_or(name.clone(), |value| format!("{name}={value}")))
            .collect();
        let bits = (agreement.remote_max_window_bits, agreement.local_max_window_bits);
        Ok::<_, String>((parts.join(";"), bits.0, bits.1))
    };
    let fine = |text: &str, remote, local| Ok((text.to_owned(), remote, local));
    assert_eq!(answered("", false, ""), fine("", 15, 15));
    assert_eq!(
        answered("server_no_context_takeover", false, "client_no_context_takeover"),
        fine("server_no_context_takeover;client_no_context_takeover", 15, 15)
    );
    assert_eq!(
        answered("server_max_window_bits=12", false, "server_max_window_bits=10"),
        fine("server_max_window_bits=10", 15, 10)
    );
    assert_eq!(answered("server_max_window_bits=12", false, ""), fine("server_max_window_bits=12", 15, 12));
    assert_eq!(answered("", false, "client_max_window_bits"), fine("", 15, 15));
    assert_eq!(answered("client_max_window_bits=12", false, ""), fine("", 15, 15));
    assert_eq!(
        answered("client_max_window_bits=12", false, "client_max_window_bits"),
        fine("client_max_window_bits=12", 12, 15)
    );
    assert_eq!(
        answered("client_max_window_bits=12", false, "client_max_window_bits=10"),
        fine("client_max_window_bits=10", 10, 15)
    );
    assert_eq!(
        answered("client_max_window_bits=12", true, ""),
        Err("required client_max_window_bits".into())
    );
    assert_eq!(
        answered("", false, "server_max_window_bits=8"),
        Err("unsupported server_max_window_bits = 8, use 9".into())
    );
}
