//! `multipart/form-data` (RFC 7578): the framing around each part. Contents are streamed by the
//! caller between [`Part::head`] and `\r\n`.

use std::fmt::Write;

use bytes::Bytes;

/// A part to be framed.
#[derive(Clone, Debug)]
pub struct Part {
    /// The form field's name.
    pub name: String,
    /// The file's name; `None` for a plain field.
    pub filename: Option<String>,
    /// Further headers of the part, `Content-Type` among them.
    pub headers: Vec<(String, String)>,
}

impl Part {
    /// `--boundary`, the part's headers and the empty line.
    ///
    /// An empty file name is left out, as httpx does. Names are escaped; further headers go as they
    /// are, and keeping CR and LF out of them is the caller's.
    pub fn head(&self, boundary: &[u8]) -> Bytes {
        let mut text = String::from("Content-Disposition: form-data; ");
        parameter(&mut text, "name", &self.name);
        if let Some(filename) = self.filename.as_deref().filter(|filename| !filename.is_empty()) {
            text.push_str("; ");
            parameter(&mut text, "filename", filename);
        }
        for (name, value) in &self.headers {
            text.extend(["\r\n", name, ": ", value]);
        }
        text.push_str("\r\n\r\n");
        [b"--", boundary, b"\r\n", text.as_bytes()].concat().into()
    }
}

/// Writes `name="value"`, with the escapes of HTML's form submission as httpx 0.28 has them: quotes
/// and control characters (but for ESC) in percent notation, backslashes doubled.
fn parameter(out: &mut String, name: &str, value: &str) {
    out.extend([name, "=\""]);
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\x1b' => out.push(c),
            '"' | '\0'..='\x1f' => {
                // Writing to a string does not fail.
                let _ = write!(out, "%{:02X}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

/// The line that ends the body.
pub fn tail(boundary: &[u8]) -> Bytes {
    [b"--", boundary, b"--\r\n"].concat().into()
}

/// The boundary made of random bytes: their hexadecimal digits. They must come from a cryptographic
/// source: an attacker who can guess a boundary can forge parts of an upload.
pub fn boundary(random: &[u8]) -> Vec<u8> {
    random.iter().flat_map(|byte| [byte >> 4, byte & 0xf]).map(hex_digit).collect()
}

fn hex_digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' + value - 10 }
}

const DEFAULT_TYPE: &str = "application/octet-stream";

/// The content type that a file's name suggests.
///
/// The answers are those of Python's `mimetypes` for the extensions it knows (a compressed file's is
/// that of what is compressed), `mime_guess`'s for more, and `application/octet-stream` for the rest.
pub fn guess_content_type(filename: &str) -> &'static str {
    let (stem, mut extension) = split_extension(filename);
    if matches!(extension, "gz" | "Z" | "bz2" | "xz" | "br") {
        (_, extension) = split_extension(stem);
    }
    match PYTHON_TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(extension)) {
        Some((_, content_type)) => content_type,
        None => mime_guess::from_ext(extension).first_raw().unwrap_or(DEFAULT_TYPE),
    }
}

/// A file's name without its extension, and that, as `posixpath.splitext` does: dots at the
/// beginning begin no extension.
fn split_extension(filename: &str) -> (&str, &str) {
    let (stem, extension) = filename.rsplit_once('.').unwrap_or((filename, ""));
    let base = stem.rsplit('/').next().unwrap_or(stem);
    if extension.contains('/') || base.chars().all(|c| c == '.') { (filename, "") } else { (stem, extension) }
}

/// Where Python 3.14's `mimetypes` does not agree with `mime_guess`; the last ones are its short
/// forms of compressed files.
const PYTHON_TYPES: &[(&str, &str)] = &[
    ("3g2", "audio/3gpp2"),
    ("3gp", "audio/3gpp"),
    ("3gpp", "audio/3gpp"),
    ("3gpp2", "audio/3gpp2"),
    ("a", "application/octet-stream"),
    ("aif", "audio/x-aiff"),
    ("aifc", "audio/x-aiff"),
    ("aiff", "audio/x-aiff"),
    ("ass", "audio/aac"),
    ("avi", "video/vnd.avi"),
    ("bat", "text/plain"),
    ("cdf", "application/x-netcdf"),
    ("deb", "application/x-debian-package"),
    ("dll", "application/octet-stream"),
    ("emf", "image/emf"),
    ("fits", "image/fits"),
    ("h5", "application/x-hdf5"),
    ("ico", "image/vnd.microsoft.icon"),
    ("ksh", "text/plain"),
    ("loas", "audio/aac"),
    ("m3u", "application/vnd.apple.mpegurl"),
    ("m3u8", "application/vnd.apple.mpegurl"),
    ("m4a", "audio/mp4"),
    ("mif", "application/x-mif"),
    ("mjs", "text/javascript"),
    ("mk3d", "video/matroska-3d"),
    ("mka", "audio/matroska"),
    ("mkv", "video/matroska"),
    ("o", "application/octet-stream"),
    ("obj", "application/octet-stream"),
    ("opus", "audio/opus"),
    ("otf", "font/otf"),
    ("pl", "text/plain"),
    ("py", "text/x-python"),
    ("pyc", "application/x-python-code"),
    ("pyo", "application/x-python-code"),
    ("ram", "application/x-pn-realaudio"),
    ("rar", "application/vnd.rar"),
    ("rdf", "application/xml"),
    ("rpm", "application/x-rpm"),
    ("rst", "text/x-rst"),
    ("rtf", "text/rtf"),
    ("sgm", "text/x-sgml"),
    ("sgml", "text/x-sgml"),
    ("srt", "text/plain"),
    ("stl", "model/stl"),
    ("t38", "image/t38"),
    ("tfx", "image/tiff-fx"),
    ("wav", "audio/vnd.wave"),
    ("wmf", "image/wmf"),
    ("woff", "font/woff"),
    ("wsdl", "application/xml"),
    ("xlb", "application/vnd.ms-excel"),
    ("xpdl", "application/xml"),
    ("xsl", "application/xml"),
    ("yaml", "application/yaml"),
    ("yml", "application/yaml"),
    ("taz", "application/x-tar"),
    ("tbz2", "application/x-tar"),
    ("tgz", "application/x-tar"),
    ("txz", "application/x-tar"),
    ("tz", "application/x-tar"),
];

#[cfg(test)]
mod tests {
    use super::{Part, boundary, guess_content_type, tail};

    fn head(name: &str, filename: Option<&str>, headers: &[(&str, &str)]) -> String {
        let headers = headers.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let part = Part { name: name.to_owned(), filename: filename.map(str::to_owned), headers };
        String::from_utf8(part.head(b"XyZ").to_vec()).unwrap()
    }

    #[test]
    fn heads() {
        let start = "--XyZ\r\nContent-Disposition: form-data; ";
        // The expectations were printed by httpx 0.28.1.
        let cases: &[(&str, Option<&str>, &str)] = &[
            ("text", None, "name=\"text\""),
            ("", None, "name=\"\""),
            ("a\"b", None, "name=\"a%22b\""),
            ("a\\b", None, "name=\"a\\\\b\""),
            ("a\x0d\x0ab: c", None, "name=\"a%0D%0Ab: c\""),
            ("a\x1bb\x00\x7f\x09", None, "name=\"a\x1bb%00\x7f%09\""),
            ("żółw 😀%20", None, "name=\"żółw 😀%20\""),
            ("f", Some("a.txt"), "name=\"f\"; filename=\"a.txt\""),
            ("f", Some(""), "name=\"f\""),
            ("f", Some("evil\"; x=\"\x0d\x0a.txt"), "name=\"f\"; filename=\"evil%22; x=%22%0D%0A.txt\""),
            ("f", Some("C:\\dir\\ż.pdf"), "name=\"f\"; filename=\"C:\\\\dir\\\\ż.pdf\""),
        ];
        for (name, filename, expected) in cases {
            assert_eq!(
                head(name, *filename, &[]),
                format!("{start}{expected}\r\n\r\n"),
                "{name:?} {filename:?}"
            );
        }
        let headers = [("Content-Type", "text/plain"), ("X-Note", "a; b=\"c\"")];
        assert_eq!(
            head("f", Some("a.txt"), &headers),
            format!(
                "{start}name=\"f\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\nX-Note: a; b=\"c\"\r\n\r\n"
            )
        );
    }

    #[test]
    fn tails() {
        assert_eq!(tail(b"XyZ"), "--XyZ--\r\n");
    }

    #[test]
    fn boundaries_are_hexadecimal_digits() {
        assert_eq!(boundary(&[0x00, 0x9f, 0xab]), b"009fab");
    }

    #[test]
    fn content_types() {
        // The expectations were printed by Python's mimetypes, but for the last three, which only
        // mime_guess knows.
        let cases = [
            ("a.txt", "text/plain"),
            ("a.TXT", "text/plain"),
            ("a.b.json", "application/json"),
            ("image.jpg", "image/jpeg"),
            ("photo.JPEG", "image/jpeg"),
            ("doc.pdf", "application/pdf"),
            ("page.html", "text/html"),
            ("x.js", "text/javascript"),
            ("x.css", "text/css"),
            ("x.csv", "text/csv"),
            ("x.py", "text/x-python"),
            ("x.wav", "audio/vnd.wave"),
            ("x.ico", "image/vnd.microsoft.icon"),
            ("x.svg", "image/svg+xml"),
            ("x.svgz", "image/svg+xml"),
            ("a.tar.gz", "application/x-tar"),
            ("a.tgz", "application/x-tar"),
            ("a.txt.gz", "text/plain"),
            ("a.gz", "application/octet-stream"),
            ("a.br", "application/octet-stream"),
            ("x.xml", "text/xml"),
            ("x.md", "text/markdown"),
            ("x.webp", "image/webp"),
            ("x.mp4", "video/mp4"),
            ("x.zip", "application/zip"),
            ("x.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
            ("noextension", "application/octet-stream"),
            (".bashrc", "application/octet-stream"),
            ("..txt", "application/octet-stream"),
            ("a.", "application/octet-stream"),
            ("dir/.txt", "application/octet-stream"),
            ("a.b/c", "application/octet-stream"),
            ("x.unheardof", "application/octet-stream"),
            ("", "application/octet-stream"),
            ("index.ts", "video/vnd.dlna.mpeg-tts"),
            ("Cargo.toml", "text/x-toml"),
            ("main.rs", "text/x-rust"),
        ];
        for (filename, expected) in cases {
            assert_eq!(guess_content_type(filename), expected, "{filename:?}");
        }
    }
}
