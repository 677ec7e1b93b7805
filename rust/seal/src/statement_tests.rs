use super::*;
use crate::date::BUILD_DATE_SECONDS as BUILD;

const DAY: u64 = 86_400;

fn url(text: &str) -> HttpsUrl {
    HttpsUrl::parse(text).unwrap()
}

fn statement(tls: Tls) -> Statement {
    Statement::new(Fingerprint::V4([0xab; 20]), url("https://eden.example/p2p"), BUILD, BUILD + 90 * DAY, tls)
        .unwrap()
}

fn keys() -> Tls {
    Tls::Pins(vec![[1; 32], [0xfe; 32]])
}

#[test]
fn a_statement_has_one_text() {
    let text = format!(
        "p2psync-statement 1\nserver {}\nurl https://eden.example/p2p\nfrom 1795219200\nuntil 1802995200\n\
         tls {}\ntls {}\n",
        "AB".repeat(20),
        "01".repeat(32),
        "fe".repeat(32)
    );
    assert_eq!(String::from_utf8(statement(keys()).text()).unwrap(), text);
    for tls in [keys(), Tls::WebPki] {
        let statement = statement(tls);
        assert_eq!(Statement::parse_text(&statement.text()), Ok(statement));
    }
}

#[test]
fn no_other_text_is_a_statement() {
    let good = String::from_utf8(statement(keys()).text()).unwrap();
    let two = format!("tls {}\ntls {}\n", "01".repeat(32), "fe".repeat(32));
    let faults = [
        ("p2psync-statement 1", "p2psync-receipt 1", MalformedText::OtherKind),
        ("p2psync-statement 1", "p2psync-statement 0", MalformedText::OtherKind),
        ("p2psync-statement 1", "p2psync-statement 01", MalformedText::Line("version")),
        ("p2psync-statement 1", "p2psync-statement 2", MalformedText::TooNew { version: 2 }),
        ("server AB", "server ab", MalformedText::Line("server")),
        ("url https", "url http", MalformedText::Line("url")),
        ("eden", "Eden", MalformedText::Line("url")),
        ("url https://eden.example/p2p", "url https://", MalformedText::Line("url")),
        ("eden", "ed\u{e9}n", MalformedText::Line("url")),
        ("eden", "ed en", MalformedText::Line("url")),
        ("from 1", "from 01", MalformedText::Line("from")),
        ("from 1", "from +1", MalformedText::Line("from")),
        ("from 1", "from -1", MalformedText::Line("from")),
        ("from 1795219200", "from ", MalformedText::Line("from")),
        ("until 1802995200", "until 4294967296", MalformedText::Line("until")),
        ("until 1802995200", "until 18446744073709551616", MalformedText::Line("until")),
        ("from 1", "until 1", MalformedText::Line("from")),
        ("until 1802995200", "until 1795219200", MalformedText::Line("until")),
        ("until 1802995200", "until 1802995201", MalformedText::Line("until")),
        ("tls 01", "tls 0g", MalformedText::Line("tls")),
        ("tls fe", "tls FE", MalformedText::Line("tls")),
        ("tls fe", "tls 00", MalformedText::Line("tls")),
        ("tls fe", "tls webpki", MalformedText::Line("tls")),
        ("tls 01", "tls  01", MalformedText::Line("tls")),
        (two.as_str(), "tls webpki\ntls webpki\n", MalformedText::Line("tls")),
        (two.as_str(), "\n", MalformedText::Line("tls")),
        ("fe\n", "fe", MalformedText::Line("no end of the last line")),
        ("fe\n", "fe\n\n", MalformedText::Line("tls")),
        ("fe\n", "fe\r\n", MalformedText::Line("tls")),
    ];
    for (from, to, error) in faults {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good, "{from}");
        assert_eq!(Statement::parse_text(text.as_bytes()), Err(error), "{from} -> {to}");
    }
    assert_eq!(Statement::parse_text(&[b'a'; 4_000]), Err(MalformedText::TooLong));
    let mut bytes = good.into_bytes();
    bytes[100] = 0xff;
    assert_eq!(Statement::parse_text(&bytes), Err(MalformedText::Line("not UTF-8")));
}

#[test]
fn a_statement_cannot_be_made_of_anything() {
    let make = |address: &str, until: u64, tls: Tls| {
        Statement::new(Fingerprint::V6([1; 32]), url(address), BUILD, until, tls).map(|statement| {
            assert!(statement.text().len() <= Statement::TEXT_BYTES_MAX);
        })
    };
    let longest = format!("https://a/{}", "a".repeat(URL_BYTES_MAX - 10));
    assert_eq!(make(&longest, BUILD + 1, Tls::Pins((1..=16).map(|key| [key; 32]).collect())), Ok(()));
    assert_eq!(make("https://a", BUILD, Tls::WebPki), Err(StatementError::Period));
    assert_eq!(make("https://a", BUILD + 90 * DAY + 1, Tls::WebPki), Err(StatementError::Period));
    assert_eq!(make("https://a", u64::MAX, Tls::WebPki), Err(StatementError::Period));
    for keys in
        [vec![], vec![[1; 32], [1; 32]], vec![[2; 32], [1; 32]], (1..=17).map(|key| [key; 32]).collect()]
    {
        assert_eq!(make("https://a", BUILD + 1, Tls::Pins(keys)), Err(StatementError::TlsPins));
    }
}

#[test]
fn a_statement_holds_in_its_time_and_place() {
    let statement = statement(Tls::WebPki);
    let at = |seconds: u64| statement.check(&url("https://eden.example/p2p"), WallClock(seconds * 1_000));
    assert_eq!(at(BUILD), Ok(()));
    assert_eq!(at(0), Ok(()), "a clock that is known to be wrong");
    assert_eq!(at(BUILD + 90 * DAY - 1), Ok(()));
    assert_eq!(at(BUILD + 90 * DAY), Err(StatementUse::RanOut { date: Date(BUILD + 90 * DAY) }));
    let elsewhere = statement.check(&url("https://eden.example/p2q"), WallClock(BUILD * 1_000));
    assert_eq!(elsewhere, Err(StatementUse::OtherUrl));
    let later =
        Statement::new(statement.server(), url("https://a"), BUILD + 9 * DAY, BUILD + 10 * DAY, keys());
    let later = later.unwrap();
    let early = later.check(&url("https://a"), WallClock((BUILD + 7 * DAY) * 1_000));
    assert_eq!(early, Err(StatementUse::NotYet { date: Date(BUILD + 9 * DAY) }));
    assert!(later.supersedes(&statement) && !statement.supersedes(&later) && !later.supersedes(&later));
}
