//! Request methods.

macro_rules! methods {
    ($($variant:ident $name:literal $protocols:ident,)*) => {
        /// A request method: those of HTTP and its extensions, and of the protocols that share its
        /// start line (RTSP, ICE).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "named as on the wire")]
        #[non_exhaustive]
        pub enum Method { $($variant,)* }

        impl Method {
            /// Every method.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// As it is on the wire.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            fn protocols(self) -> Protocols {
                match self { $(Self::$variant => Protocols::$protocols,)* }
            }
        }
    };
}

/// With which protocols a method may be used.
enum Protocols {
    Http,
    Rtsp,
    Both,
    HttpAndIce,
}

methods! {
    Delete "DELETE" Http,
    Get "GET" Both,
    Head "HEAD" Http,
    Post "POST" Both,
    Put "PUT" Http,
    Connect "CONNECT" Http,
    Options "OPTIONS" Both,
    Trace "TRACE" Http,
    Copy "COPY" Http,
    Lock "LOCK" Http,
    Mkcol "MKCOL" Http,
    Move "MOVE" Http,
    Propfind "PROPFIND" Http,
    Proppatch "PROPPATCH" Http,
    Search "SEARCH" Http,
    Unlock "UNLOCK" Http,
    Bind "BIND" Http,
    Rebind "REBIND" Http,
    Unbind "UNBIND" Http,
    Acl "ACL" Http,
    Report "REPORT" Http,
    Mkactivity "MKACTIVITY" Http,
    Checkout "CHECKOUT" Http,
    Merge "MERGE" Http,
    MSearch "M-SEARCH" Http,
    Notify "NOTIFY" Http,
    Subscribe "SUBSCRIBE" Http,
    Unsubscribe "UNSUBSCRIBE" Http,
    Patch "PATCH" Http,
    Purge "PURGE" Http,
    Mkcalendar "MKCALENDAR" Http,
    Link "LINK" Http,
    Unlink "UNLINK" Http,
    Source "SOURCE" HttpAndIce,
    Pri "PRI" Http,
    Describe "DESCRIBE" Rtsp,
    Announce "ANNOUNCE" Rtsp,
    Setup "SETUP" Rtsp,
    Play "PLAY" Rtsp,
    Pause "PAUSE" Rtsp,
    Teardown "TEARDOWN" Rtsp,
    GetParameter "GET_PARAMETER" Rtsp,
    SetParameter "SET_PARAMETER" Rtsp,
    Redirect "REDIRECT" Rtsp,
    Record "RECORD" Rtsp,
    Flush "FLUSH" Rtsp,
    Query "QUERY" Http,
}

impl Method {
    /// The method of this name, which must be spelt exactly so.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        match name {
            b"GET" => Some(Self::Get),
            b"POST" => Some(Self::Post),
            _ => Self::ALL.iter().copied().find(|method| method.name().as_bytes() == name),
        }
    }

    /// Whether a method's name starts like this.
    pub(super) fn is_prefix(start: &[u8]) -> bool {
        Self::ALL.iter().any(|method| method.name().as_bytes().starts_with(start))
    }

    /// Whether the method may be used with HTTP.
    pub fn is_http(self) -> bool {
        !matches!(self.protocols(), Protocols::Rtsp)
    }

    /// Whether the method may be used with RTSP (RFC 2326).
    pub fn is_rtsp(self) -> bool {
        matches!(self.protocols(), Protocols::Rtsp | Protocols::Both)
    }

    /// Whether the method may be used with ICE, the protocol of Icecast sources.
    pub fn is_ice(self) -> bool {
        matches!(self.protocols(), Protocols::HttpAndIce)
    }
}
