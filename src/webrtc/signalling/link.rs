//! `Link` header fields (RFC 8288) by which a WHIP endpoint names ICE servers (RFC 9725, section 4.6):
//! `<turn:turn.example.com?transport=udp>; rel="ice-server"; username="u"; credential="c"`.

use std::collections::BTreeMap;

use crate::scenario::{IceServer, Secret};

/// The ICE servers of one field, which may have several links.
pub(super) fn ice_servers(field: &str) -> Vec<IceServer> {
    let (mut servers, mut rest) = (Vec::new(), field);
    while let Some((url, after)) = rest.split_once('<').and_then(|(_, link)| link.split_once('>')) {
        let (mut parameters, next) = parameters(after);
        rest = next;
        let relations = parameters.remove("rel").unwrap_or_default();
        if relations.split_whitespace().any(|relation| relation.eq_ignore_ascii_case("ice-server")) {
            let (username, credential) = (parameters.remove("username"), parameters.remove("credential").map(Secret::new));
            servers.push(IceServer { urls: vec![url.trim().to_owned()], username, credential });
        }
    }
    servers
}

/// The parameters of a link, and what is behind its comma.
fn parameters(text: &str) -> (BTreeMap<String, String>, &str) {
    let (mut found, mut rest) = (BTreeMap::new(), text.trim_start());
    while let Some(parameter) = rest.strip_prefix(';') {
        let end = parameter.find(['=', ';', ',']).unwrap_or(parameter.len());
        let (name, after) = parameter.split_at(end);
        let (value, after) = after.strip_prefix('=').map_or((String::new(), after), value);
        found.entry(name.trim().to_ascii_lowercase()).or_insert(value);
        rest = after.trim_start();
    }
    (found, rest.split_once(',').map_or("", |(_, next)| next))
}

/// A token or a quoted string, and what is behind it.
fn value(text: &str) -> (String, &str) {
    let text = text.trim_start();
    let Some(quoted) = text.strip_prefix('"') else {
        let (token, rest) = text.split_at(text.find([';', ',']).unwrap_or(text.len()));
        return (token.trim_end().to_owned(), rest);
    };
    let (mut value, mut letters) = (String::new(), quoted.char_indices());
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(letters.next().map(|(_, escaped)| escaped)),
            letter => value.push(letter),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(field: &str) -> Vec<String> {
        let show = |server: IceServer| {
            let credential = server.credential.as_ref().map(Secret::reveal);
            format!("{} {:?} {credential:?}", server.urls.join(" "), server.username)
        };
        ice_servers(field).into_iter().map(show).collect()
    }

    #[test]
    fn servers_are_found_among_other_links() {
        let field = r#"<https://h/a,b>; rel="next", <stun:stun.example.net>; rel="ice-server",
            <turn:turn.example.net?transport=udp>; rel="ice-server"; username="us;er"; credential="a\"b,c"; credential-type="password",
            <turn:h>;REL=ice-server;username=u ; credential=c, <stun:x>"#;
        insta::assert_snapshot!(shown(field).join("\n"), @r#"
        stun:stun.example.net None None
        turn:turn.example.net?transport=udp Some("us;er") Some("a\"b,c")
        turn:h Some("u") Some("c")
        "#);
    }

    #[test]
    fn what_is_cut_off_names_nothing_wrong() {
        assert_eq!(shown("<stun:a"), Vec::<String>::new());
        assert_eq!(shown("<stun:a>; rel"), Vec::<String>::new());
        assert_eq!(shown("<stun:a>; rel=\"ice-server"), ["stun:a None None"]);
    }

    proptest! {
        #[test]
        fn no_field_makes_it_panic(text in any::<String>(), near in "[<>;=,\" \\\\a-c]{0,60}") {
            let _any = (ice_servers(&text), ice_servers(&near));
        }
    }
}
