//! Messages of the kinds that RFC 4475 collects, under its names: valid ones that are hard to parse, and broken ones.

/// What every request needs, for those that lack or break something else.
fn request(method: &str, uri: &str, more: &str) -> Vec<u8> {
    format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK.{method}{}\r\nMax-Forwards: 70\r\n\
         From: <sip:caller@example.net>;tag=torture\r\nTo: <sip:user@example.com>\r\nCall-ID: torture.{}@example.net\r\n\
         CSeq: 8 {method}\r\nContact: <sip:caller@127.0.0.1:9>\r\n{more}Content-Length: 0\r\n\r\n",
        more.len(),
        uri.len() + more.len()
    )
    .into_bytes()
}

fn response(start: &str, more: &str) -> Vec<u8> {
    format!(
        "{start}\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK.response\r\nFrom: <sip:caller@example.net>;tag=torture\r\n\
         To: <sip:user@example.com>;tag=other\r\nCall-ID: torture.response@example.net\r\nCSeq: 8 INVITE\r\n{more}Content-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

fn raw(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

/// Name in RFC 4475 and message.
pub fn messages() -> Vec<(&'static str, Vec<u8>)> {
    let mut all = valid();
    all.extend(broken_headers());
    all.extend(broken_starts());
    all.extend(semantics());
    all
}

fn valid() -> Vec<(&'static str, Vec<u8>)> {
    let wsinv = "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\nTO :\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\n\
                 from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\n  ;\n  tag = 98asjd8\nMaX-fOrWaRdS: 0068\nCall-ID: wsinv.ndaksdj@192.0.2.1\n\
                 cseq: 0009\n  INVITE\nVia  : SIP  /   2.0\n /UDP\n    192.0.2.2;branch=390skdjuw\ns :\nNewFangledHeader:   newfangled value\n continued newfangled value\n\
                 UnknownHeaderWithUnusualValue: ;;,,;;,;\nRoute:\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\nv:  SIP  / 2.0  / TCP     spindle.example.com   ;\n\
                 \x20 branch  =   z9hG4bK9ikj8  ,\n SIP  /    2.0   / UDP  192.168.255.111   ; branch=\n z9hG4bK30239\nm:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\n      newvalue ;\n  secondparam ; q = 0.33\nContent-Length: 0\n\n";
    let long = "x".repeat(1200);
    vec![
        ("wsinv", raw(wsinv)),
        (
            "intmeth",
            request(
                "!interesting-Method0123456789_*+`.%indeed'~",
                "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
                "extensionHeader-!.%*+_`'~: \u{fc}\u{4f}\n".replace('\n', "\r\n").as_str(),
            ),
        ),
        ("esc01", request("INVITE", "sip:sips%3Auser%40example.com@example.net", "")),
        ("escnull", request("REGISTER", "sip:null-%00-null@example.com", "")),
        ("esc02", request("RE%47IST%45R", "sip:registrar.example.com", "")),
        ("lwsdisp", request("OPTIONS", "sip:user@example.com", "P-Name: caller<sip:caller@example.com>\r\n")),
        ("longreq", request("INVITE", &format!("sip:user{long}@example.com"), &format!("Unknown-{long}: {long}\r\n"))),
        ("dblreq", [request("OPTIONS", "sip:a@example.com", ""), request("INVITE", "sip:b@example.com", "")].concat()),
        ("semiuri", request("OPTIONS", "sip:user;par=u%40example.net@example.com", "")),
        (
            "transports",
            request(
                "OPTIONS",
                "sip:user@example.com",
                "Via: SIP/2.0/SCTP 192.0.2.1;branch=z9hG4bK1\r\nVia: SIP/2.0/UNKNOWN 192.0.2.2;branch=z9hG4bK2\r\n",
            ),
        ),
        ("unreason", response("SIP/2.0 200 = 2**3 * 5**2 \u{43d}\u{43e} \u{441}\u{442}\u{43e}", "")),
        ("noreason", response("SIP/2.0 100 ", "")),
        (
            "inv2543",
            raw(
                "INVITE sip:UserB@example.com SIP/2.0\nVia: SIP/2.0/UDP iftgw.example.com\nFrom: <sip:+13035551111@ift.client.example.net;user=phone>\nRecord-Route: <sip:UserB@example.com;maddr=ss1.example.com>\nTo: sip:+16505552222@ss1.example.net;user=phone\nCall-ID: inv2543.1717@ift.client.example.com\nCSeq: 56 INVITE\nContent-Type: application/sdp\n\nv=0\n",
            ),
        ),
        ("mpart01", request("MESSAGE", "sip:kumiko@example.org", "Content-Type: multipart/mixed;boundary=7a9cbec02ceef655\r\n")),
    ]
}

fn broken_headers() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        (
            "badinv01",
            request(
                "INVITE",
                "sip:user@example.com",
                "Contact: \"Joe\" <sip:joe@example.org>;;;;\r\nVia: SIP/2.0/UDP 192.0.2.15;;,;,,\r\n",
            ),
        ),
        (
            "clerr",
            raw(
                "INVITE sip:user@example.com SIP/2.0\nMax-Forwards: 80\nTo: sip:j.user@example.com\nFrom: sip:caller@example.net;tag=93942939o2\nCall-ID: clerr.0ha0isndaksdjweiafasdk3\nCSeq: 8 INVITE\nVia: SIP/2.0/UDP host5.example.com;branch=z9hG4bK-39234-23523\nContent-Type: application/sdp\nContent-Length: 9999\n\nv=0\n",
            ),
        ),
        (
            "ncl",
            raw(
                "INVITE sip:user@example.com SIP/2.0\nMax-Forwards: 254\nTo: sip:j.user@example.com\nFrom: sip:caller@example.net;tag=32394234\nCall-ID: ncl.0ha0isndaksdj2193423r542w35\nCSeq: 0 INVITE\nVia: SIP/2.0/UDP 192.0.2.53;branch=z9hG4bKkdjuw\nContact: <sip:caller@example53.example.net>\nContent-Type: application/sdp\nContent-Length: -999\n\nv=0\n",
            ),
        ),
        (
            "scalar02",
            raw(
                "REGISTER sip:example.com SIP/2.0\nVia: SIP/2.0/TCP host129.example.com;branch=z9hG4bK342sdfoi3\nTo: <sip:user@example.com>\nFrom: <sip:user@example.com>;tag=239232jh3\nCSeq: 36893488147419103232 REGISTER\nCall-ID: scalar02.23o0pd9vanlq3wnrlnewofjas9ui32\nMax-Forwards: 300\nExpires: 10000000000000000000000000000000000000000000000000000000000000000\nContact: <sip:user@host129.example.com>\n  ;expires=280297596632815\nContent-Length: 0\n\n",
            ),
        ),
        (
            "scalarlg",
            response(
                "SIP/2.0 503 Service Unavailable",
                "Retry-After: 949302838503028349304023988\r\nWarning: 1812 overture \"In Progress\"\r\n",
            ),
        ),
        (
            "quotbal",
            raw(
                "INVITE sip:user@example.com SIP/2.0\nTo: \"Mr. J. User <sip:j.user@example.com>\nFrom: sip:caller@example.net;tag=93334\nMax-Forwards: 10\nCall-ID: quotbal.aksdj\nContact: <sip:caller@host59.example.net>\nCSeq: 8 INVITE\nVia: SIP/2.0/UDP 192.0.2.59:5050;branch=z9hG4bKkdjuw39234\nContent-Length: 0\n\n",
            ),
        ),
        ("regbadct", request("REGISTER", "sip:example.com", "Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E\r\n")),
        (
            "badaspec",
            request(
                "OPTIONS",
                "sip:user@example.org",
                "P-Address: \"Bell, Alexander\" <sip:a.g.bell@example.com>, Bell, Alexander <sip:x@example.com>\r\n",
            ),
        ),
        (
            "badbranch",
            raw(
                "OPTIONS sip:user@example.com SIP/2.0\nTo: sip:user@example.com\nFrom: sip:caller@example.org;tag=33242\nMax-Forwards: 3\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK\nCall-ID: badbranch.sadonfo23i420jv0as0derf3j3n\nCSeq: 8 OPTIONS\nContent-Length: 0\n\n",
            ),
        ),
        (
            "insuf",
            raw(
                "INVITE sip:user@example.com SIP/2.0\nCSeq: 193942 INVITE\nVia: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf\nContent-Type: application/sdp\nContent-Length: 5\n\nv=0\n",
            ),
        ),
        (
            "multi01",
            request(
                "INVITE",
                "sip:user@company.com",
                "CSeq: 59 INVITE\r\nCall-ID: multi01.98asdh@192.0.2.1\r\nFrom: <sip:other@example.net>;tag=3413415\r\nTo: <sip:other@example.net>\r\nMax-Forwards: 5\r\n",
            ),
        ),
        ("mcl01", request("OPTIONS", "sip:user@example.com", "Content-Length: 13\r\nContent-Length: 5\r\n")),
        ("baddate", request("INVITE", "sip:user@example.com", "Date: Fri, 01 Jan 2010 16:00:00 EST\r\n")),
        ("nul", [&request("INVITE", "sip:user@example.com", "X-Nul: a")[..], &b"\0\0\x01\xff\r\n\r\n"[..]].concat()),
    ]
}

fn broken_starts() -> Vec<(&'static str, Vec<u8>)> {
    let with_start = |start: &str| {
        let message = String::from_utf8(request("INVITE", "sip:user@example.com", "")).expect("text");
        message.replacen("INVITE sip:user@example.com SIP/2.0", start, 1).into_bytes()
    };
    vec![
        ("ltgtruri", with_start("INVITE <sip:user@example.com> SIP/2.0")),
        ("lwsruri", with_start("INVITE sip:user@example.com; lr SIP/2.0")),
        ("lwsstart", with_start("INVITE  sip:user@example.com  SIP/2.0")),
        ("trws", with_start("OPTIONS sip:remote-target@example.com SIP/2.0  ")),
        ("escruri", with_start("INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0")),
        ("badvers", with_start("INVITE sip:user@example.com SIP/7.0")),
        ("mismatch01", with_start("OPTIONS sip:user@example.com SIP/2.0")),
        ("mismatch02", with_start("NEWMETHOD sip:user@example.com SIP/2.0")),
        ("bigcode", response("SIP/2.0 4294967301 better not break the receiver", "")),
        ("baddn", with_start("OPTIONS sip:t.watson@example.org SIP/2.0\r\nFrom: Bell, Alexander <sip:a.g.bell@example.com>;tag=43")),
        ("empty", Vec::new()),
        ("keep-alive", b"\r\n\r\n".to_vec()),
        ("start-only", b"INVITE sip:user@example.com SIP/2.0\r\n\r\n".to_vec()),
    ]
}

fn semantics() -> Vec<(&'static str, Vec<u8>)> {
    let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 UDP 0\r\n";
    let with_body = |kind: &str, body: &str| {
        let head = String::from_utf8(request("INVITE", "sip:booking@example.com", &format!("Content-Type: {kind}\r\n"))).expect("text");
        let head = head.replace("Content-Length: 0\r\n\r\n", &format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        head.into_bytes()
    };
    vec![
        ("unkscm", request("OPTIONS", "nobodyKnowsThisScheme:totallyopaquecontent", "")),
        ("novelsc", request("OPTIONS", "soap.beep://192.0.2.103:3002", "")),
        ("unksm2", request("REGISTER", "sip:example.com", "Contact: <name:John_Smith>\r\n")),
        (
            "bext01",
            request(
                "OPTIONS",
                "sip:user@example.com",
                "Require: nothingSupportsThis, nothingSupportsThisEither\r\nProxy-Require: noProxiesSupportThis\r\n",
            ),
        ),
        ("invut", with_body("application/unknownformat", "<audio>\r\n <pcmu port=\"443\"/>\r\n</audio>\r\n")),
        ("sdp01", with_body("application/sdp", sdp)),
        ("regaut01", request("REGISTER", "sip:example.com", "Authorization: NoOneKnowsThisScheme opaque-data=here\r\n")),
        ("bcast", response("SIP/2.0 200 OK", "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23\r\n")),
        ("zeromf", request("OPTIONS", "sip:user@example.com", "Max-Forwards: 0\r\n")),
        ("cparam01", request("REGISTER", "sip:example.com", "Contact: sip:+19725552222@gw1.example.net;unknownparam\r\n")),
        ("regescrt", request("REGISTER", "sip:example.com", "Contact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>\r\n")),
        ("stray-bye", request("BYE", "sip:goldencall@127.0.0.1", "")),
        ("stray-cancel", request("CANCEL", "sip:goldencall@127.0.0.1", "")),
        ("stray-ack", request("ACK", "sip:goldencall@127.0.0.1", "")),
        ("stray-refer", request("REFER", "sip:goldencall@127.0.0.1", "Refer-To: <sip:elsewhere@example.com>\r\n")),
    ]
}
