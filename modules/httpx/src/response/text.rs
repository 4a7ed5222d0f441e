//! Text of a response: which encoding, and decoding whole or piece by piece.
//!
//! UTF-8, ASCII and Latin-1 are decoded here; every other encoding is left to Python's codecs. What
//! does not decode is replaced by U+FFFD, as with `errors="replace"`.

use rustpython_vm::{
    AsObject, Py, PyObjectRef, PyResult, Traverse, TryFromObject, VirtualMachine,
    builtins::{PyBytesRef, PyStr, PyStrRef},
};
use tauraro_engine::http::text::{self, Utf8Decoder};

use super::Response;

/// What is known about a response's text.
#[derive(Debug, Default, Traverse)]
pub(super) struct Text {
    /// The encoding once it was chosen or set; the inner `None` was set by hand.
    #[expect(clippy::option_option, reason = "not chosen yet, and set to None, are different")]
    pub(super) encoding: Option<Option<PyStrRef>>,
    /// The decoded content.
    pub(super) decoded: Option<PyStrRef>,
    /// The encoding where the headers name none: a `str`, or a callable that is given the content.
    pub(super) default_encoding: Option<PyObjectRef>,
}

/// A chosen encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Native {
    Utf8,
    Ascii,
    Latin1,
}

impl Native {
    /// The encodings decoded natively, by the names that are met in practice.
    fn find(name: &str) -> Option<Self> {
        let is = |known: &[&str]| known.iter().any(|known| name.eq_ignore_ascii_case(known));
        if is(&["utf-8", "utf8", "utf_8"]) {
            Some(Self::Utf8)
        } else if is(&["ascii", "us-ascii"]) {
            Some(Self::Ascii)
        } else if is(&["iso-8859-1", "iso8859-1", "latin-1", "latin1"]) {
            Some(Self::Latin1)
        } else {
            None
        }
    }

    fn decode(self, content: &[u8]) -> String {
        match self {
            Self::Utf8 => String::from_utf8_lossy(content).into_owned(),
            Self::Ascii if !content.is_ascii() => {
                let replace =
                    |&byte: &u8| if byte.is_ascii() { char::from(byte) } else { char::REPLACEMENT_CHARACTER };
                content.iter().map(replace).collect()
            }
            Self::Ascii | Self::Latin1 => content.iter().map(|&byte| char::from(byte)).collect(),
        }
    }
}

/// Whether Python knows the encoding, and it is one of text: a header that names another, or
/// nonsense, has the default used instead.
fn is_known(vm: &VirtualMachine, name: &str) -> bool {
    // These decode no text of the web, and refuse replacing what they cannot decode.
    const NO_CHARSETS: [&str; 3] = ["idna", "punycode", "undefined"];
    Native::find(name).is_some()
        || (!NO_CHARSETS.iter().any(|known| name.eq_ignore_ascii_case(known))
            && vm
                .state
                .codec_registry
                .lookup(name, vm)
                .is_ok_and(|codec| codec.is_text_codec(vm).unwrap_or(false)))
}

/// A Python incremental decoder for an encoding.
fn python_decoder(vm: &VirtualMachine, encoding: &str) -> PyResult {
    let codec = vm.state.codec_registry.lookup(encoding, vm)?;
    let codec = codec.as_tuple().as_object();
    let decoder = codec.get_attr("incrementaldecoder", vm)?;
    if vm.is_none(&decoder) {
        return Err(vm.new_lookup_error(format!("'{encoding}' has no incremental decoder")));
    }
    decoder.call(("replace",), vm)
}

fn python_decode(
    vm: &VirtualMachine,
    decoder: &PyObjectRef,
    data: PyBytesRef,
    last: bool,
) -> PyResult<PyStrRef> {
    PyStrRef::try_from_object(vm, vm.call_method(decoder, "decode", (data, last))?)
}

/// Decodes text piece by piece.
#[derive(Debug)]
pub(crate) enum TextDecoder {
    /// UTF-8, whose characters may be split over pieces.
    Utf8(Utf8Decoder),
    /// One byte, one character.
    Bytewise(Bytewise),
    /// A Python incremental decoder.
    Python(PyObjectRef),
    /// An encoding whose byte order is not known before its mark was seen, or missed.
    Unordered(Unordered),
}

/// The first bytes of text in UTF-16 or UTF-32.
#[derive(Debug)]
pub(crate) struct Unordered {
    head: Vec<u8>,
    marks: &'static [[u8; 4]; 2],
    mark_length: usize,
    /// What Python takes for the encoding with a mark, and without one.
    names: [&'static str; 2],
}

impl Unordered {
    fn find(name: &str) -> Option<Self> {
        let is = |known: [&str; 3]| known.iter().any(|known| name.eq_ignore_ascii_case(known));
        let (marks, mark_length, names) = if is(["utf-16", "utf_16", "utf16"]) {
            (&[[0xff, 0xfe, 0, 0], [0xfe, 0xff, 0, 0]], 2, ["utf-16", "utf-16-le"])
        } else if is(["utf-32", "utf_32", "utf32"]) {
            (&[[0xff, 0xfe, 0, 0], [0, 0, 0xfe, 0xff]], 4, ["utf-32", "utf-32-le"])
        } else {
            return None;
        };
        Some(Self { head: Vec::new(), marks, mark_length, names })
    }

    /// The name of the encoding once enough has come to tell; at the end anything is.
    fn decide(&self, last: bool) -> Option<&'static str> {
        let [marked, unmarked] = self.names;
        match self.head.get(..self.mark_length) {
            Some(start) if self.marks.iter().any(|mark| mark.starts_with(start)) => Some(marked),
            Some(_) => Some(unmarked),
            None => last.then_some(unmarked),
        }
    }
}

/// An encoding in which each byte is a character.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytewise(Native);

impl TextDecoder {
    /// A decoder for an encoding by its Python name.
    ///
    /// # Errors
    /// `LookupError` when Python knows no such encoding.
    pub(crate) fn new(vm: &VirtualMachine, encoding: &str) -> PyResult<Self> {
        Ok(match Native::find(encoding) {
            Some(Native::Utf8) => Self::Utf8(Utf8Decoder::default()),
            Some(native) => Self::Bytewise(Bytewise(native)),
            None => match Unordered::find(encoding) {
                Some(unordered) => Self::Unordered(unordered),
                None => Self::Python(python_decoder(vm, encoding)?),
            },
        })
    }

    /// The text of the next piece; characters it leaves incomplete wait for the rest.
    ///
    /// # Errors
    /// What a Python codec raises.
    pub(crate) fn feed(&mut self, vm: &VirtualMachine, piece: &[u8]) -> PyResult<String> {
        match self {
            Self::Utf8(decoder) => Ok(decoder.feed(piece)),
            Self::Bytewise(Bytewise(native)) => Ok(native.decode(piece)),
            Self::Python(decoder) => {
                let text = python_decode(vm, decoder, vm.ctx.new_bytes(piece.to_vec()), false)?;
                Ok(text.to_string_lossy().into_owned())
            }
            Self::Unordered(unordered) => {
                unordered.head.extend_from_slice(piece);
                self.settle(vm, false)
            }
        }
    }

    /// The text of what was left incomplete.
    ///
    /// # Errors
    /// What a Python codec raises.
    pub(crate) fn finish(&mut self, vm: &VirtualMachine) -> PyResult<String> {
        match self {
            Self::Utf8(decoder) => Ok(decoder.finish()),
            Self::Bytewise(_) => Ok(String::new()),
            Self::Python(decoder) => {
                let text = python_decode(vm, decoder, vm.ctx.new_bytes(Vec::new()), true)?;
                Ok(text.to_string_lossy().into_owned())
            }
            Self::Unordered(_) => Ok(self.settle(vm, true)? + &self.finish(vm)?),
        }
    }

    /// Decodes what has come of text whose byte order is now known.
    fn settle(&mut self, vm: &VirtualMachine, last: bool) -> PyResult<String> {
        let Self::Unordered(unordered) = self else {
            return Ok(String::new());
        };
        let Some(name) = unordered.decide(last) else {
            return Ok(String::new());
        };
        let head = std::mem::take(&mut unordered.head);
        *self = Self::Python(python_decoder(vm, name)?);
        self.feed(vm, &head)
    }
}

impl Response {
    /// The `charset` of the `Content-Type` header, in lower case.
    pub(super) fn charset(&self) -> Option<String> {
        let content_type = self.header("content-type")?;
        text::charset(&content_type)
    }

    /// The encoding of the text: the one that was set, that the headers name, or the default.
    ///
    /// # Errors
    /// What a `default_encoding` callable raises.
    pub(super) fn choose_encoding(&self, vm: &VirtualMachine) -> PyResult<Option<PyStrRef>> {
        if let Some(chosen) = self.text.lock().encoding.clone() {
            return Ok(chosen);
        }
        if let Some(charset) = self.charset().filter(|charset| is_known(vm, charset)) {
            return Ok(self.keep_encoding(vm.ctx.new_str(charset)));
        }
        let default = self.text.lock().default_encoding.clone();
        let default = match default {
            None => None,
            Some(default) => match default.downcast::<PyStr>() {
                Ok(default) => Some(default),
                Err(detect) => match self.content_if_read() {
                    // Without content there is nothing to detect yet, and nothing to remember.
                    None => return Ok(Some(vm.ctx.new_str("utf-8"))),
                    Some(content) => {
                        let detected = detect.call((content,), vm)?;
                        vm.option_if_none(detected)
                            .map(|name| PyStrRef::try_from_object(vm, name))
                            .transpose()?
                    }
                },
            },
        };
        let default = default.filter(|name| !name.is_empty()).unwrap_or_else(|| vm.ctx.new_str("utf-8"));
        Ok(self.keep_encoding(default))
    }

    fn keep_encoding(&self, encoding: PyStrRef) -> Option<PyStrRef> {
        self.text.lock().encoding.get_or_insert(Some(encoding)).clone()
    }

    /// The encoding's name, UTF-8 where there is none.
    fn encoding_name(&self, vm: &VirtualMachine) -> PyResult<String> {
        let chosen = self.choose_encoding(vm)?.filter(|name| !name.is_empty());
        Ok(chosen.map_or_else(|| "utf-8".to_owned(), |name| name.to_string_lossy().into_owned()))
    }

    /// A decoder for the text as it arrives.
    ///
    /// # Errors
    /// `LookupError` for an encoding that was set by hand and that Python does not know.
    pub(crate) fn text_decoder(&self, vm: &VirtualMachine) -> PyResult<TextDecoder> {
        TextDecoder::new(vm, &self.encoding_name(vm)?)
    }

    /// The content as text; decoded once.
    ///
    /// # Errors
    /// `ResponseNotRead` before the content was read; `LookupError` as
    /// [`Response::text_decoder`].
    pub(super) fn decode_text(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyStrRef> {
        if let Some(text) = zelf.text.lock().decoded.clone() {
            return Ok(text);
        }
        let content = zelf.content_or_error(vm)?;
        let text = if content.as_bytes().is_empty() {
            vm.ctx.empty_str.to_owned()
        } else {
            let encoding = zelf.encoding_name(vm)?;
            match TextDecoder::new(vm, &encoding)? {
                TextDecoder::Python(decoder) => python_decode(vm, &decoder, content, true)?,
                mut decoder => {
                    let mut text = decoder.feed(vm, content.as_bytes())?;
                    text.push_str(&decoder.finish(vm)?);
                    vm.ctx.new_str(text)
                }
            }
        };
        Ok(zelf.text.lock().decoded.get_or_insert(text).clone())
    }
}
