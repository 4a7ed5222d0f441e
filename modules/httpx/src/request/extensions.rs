//! A request's extensions: a `dict` for Python, which is made when first asked for.

use std::time::Duration;

use bytes::Bytes;
use rustpython_vm::builtins::{PyBaseExceptionRef, PyBytes, PyDict, PyDictRef, PyStr};
use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_engine::http::client::{Extras, Timeouts, Trace};

use crate::client::tracer::Tracer;

use crate::models::timeout::Seconds;

/// The extensions of a request.
#[derive(Clone, Debug, Default, Traverse)]
pub(crate) struct Extensions {
    dict: Option<PyDictRef>,
    /// Not yet in `dict`.
    #[pytraverse(skip)]
    timeouts: Option<Timeouts>,
}

impl From<PyDictRef> for Extensions {
    fn from(dict: PyDictRef) -> Self {
        Self { dict: Some(dict), timeouts: None }
    }
}

impl From<Timeouts> for Extensions {
    fn from(timeouts: Timeouts) -> Self {
        Self { dict: None, timeouts: Some(timeouts) }
    }
}

impl Extensions {
    /// A copy of the mapping a caller gave.
    ///
    /// # Errors
    /// What `dict(extensions)` raises.
    pub(crate) fn from_object(vm: &VirtualMachine, extensions: Option<PyObjectRef>) -> PyResult<Self> {
        let Some(extensions) = extensions else { return Ok(Self::default()) };
        let copy = vm.ctx.types.dict_type.as_object().call((extensions,), vm)?;
        let copy: PyDictRef = copy.try_into_value(vm)?;
        Ok(copy.into())
    }

    /// The dict, whose changes count from now on.
    ///
    /// # Errors
    /// What setting an item raises.
    pub(crate) fn dict(&mut self, vm: &VirtualMachine) -> PyResult<PyDictRef> {
        let dict = self.dict.get_or_insert_with(|| vm.ctx.new_dict()).clone();
        if let Some(timeouts) = self.timeouts.take() {
            dict.set_item("timeout", as_dict(vm, timeouts)?.into(), vm)?;
        }
        Ok(dict)
    }

    /// Whether there is a `timeout`.
    ///
    /// # Errors
    /// What looking the key up raises.
    pub(crate) fn has_timeouts(&self, vm: &VirtualMachine) -> PyResult<bool> {
        match (&self.timeouts, &self.dict) {
            (Some(_), _) => Ok(true),
            (None, Some(dict)) => Ok(dict.get_item_opt("timeout", vm)?.is_some()),
            (None, None) => Ok(false),
        }
    }

    /// Sets `timeout`. A dict that others may hold is replaced, not changed.
    ///
    /// # Errors
    /// What setting an item raises.
    pub(crate) fn set_timeouts(&mut self, vm: &VirtualMachine, timeouts: Timeouts) -> PyResult<()> {
        if let Some(dict) = &self.dict {
            let copy: PyObjectRef = vm.ctx.types.dict_type.as_object().call((dict.clone(),), vm)?;
            self.dict = Some(copy.try_into_value(vm)?);
        }
        self.timeouts = Some(timeouts);
        self.dict.is_some().then(|| self.dict(vm)).transpose()?;
        Ok(())
    }

    /// How long each phase may take; what `timeout` does not name is not limited.
    ///
    /// # Errors
    /// `TypeError` or `ValueError` for a `timeout` that is not a mapping of seconds.
    pub(crate) fn timeouts(&self, vm: &VirtualMachine) -> PyResult<Timeouts> {
        if let Some(timeouts) = self.timeouts {
            return Ok(timeouts);
        }
        let timeout = match &self.dict {
            Some(dict) => dict.get_item_opt("timeout", vm)?,
            None => None,
        };
        match timeout {
            Some(timeout) => from_mapping(vm, &timeout),
            None => Ok(Timeouts::default()),
        }
    }
}

impl Extensions {
    /// What the request asks for beyond its message, and what calls its `trace`.
    ///
    /// # Errors
    /// `TypeError` for a `target` that is not bytes, a `sni_hostname` that is not text, a `trace` that
    /// cannot be called.
    pub(crate) fn extras(&self, vm: &VirtualMachine) -> PyResult<(Extras, Option<Tracer>)> {
        let mut extras = Extras::default();
        let Some(dict) = &self.dict else { return Ok((extras, None)) };
        let item = |name: &'static str| {
            let value = dict.get_item_opt(vm.ctx.intern_str(name), vm)?;
            Ok::<_, PyBaseExceptionRef>(value.filter(|value| !vm.is_none(value)))
        };
        let wrong = |name: &str, expected: &str, value: &PyObject| {
            let class = value.class().name().to_string();
            vm.new_type_error(format!("the extension '{name}' must be {expected}, not {class}"))
        };
        if let Some(target) = item("target")? {
            let target = target.downcast_ref::<PyBytes>().ok_or_else(|| wrong("target", "bytes", &target))?;
            extras.target = Some(Bytes::copy_from_slice(target.as_bytes()));
        }
        if let Some(name) = item("sni_hostname")? {
            let text = match name.downcast_ref::<PyBytes>() {
                Some(name) => String::from_utf8(name.as_bytes().to_vec()).ok(),
                None => name.downcast_ref::<PyStr>().and_then(|name| name.to_str()).map(str::to_owned),
            };
            extras.sni_hostname = Some(text.ok_or_else(|| wrong("sni_hostname", "a str", &name))?);
        }
        let Some(callback) = item("trace")? else { return Ok((extras, None)) };
        if !callback.is_callable() {
            return Err(wrong("trace", "callable", &callback));
        }
        let (trace, events) = Trace::new();
        extras.trace = Some(trace);
        Ok((extras, Some(Tracer::new(callback, events))))
    }
}

const PHASES: [&str; 4] = ["connect", "read", "write", "pool"];

fn as_dict(vm: &VirtualMachine, timeouts: Timeouts) -> PyResult<PyDictRef> {
    let Timeouts { connect, read, write, pool } = timeouts;
    let dict = vm.ctx.new_dict();
    for (phase, limit) in PHASES.into_iter().zip([connect, read, write, pool]) {
        let seconds = limit.map(|limit| limit.as_secs_f64());
        dict.set_item(phase, vm.new_pyobj(seconds), vm)?;
    }
    Ok(dict)
}

fn from_mapping(vm: &VirtualMachine, timeout: &PyObject) -> PyResult<Timeouts> {
    let Some(timeout) = timeout.downcast_ref::<PyDict>() else {
        let found = timeout.repr(vm)?;
        return Err(vm.new_type_error(format!("the extension 'timeout' must be a dict, not {found}")));
    };
    let limit = |phase: &str| -> PyResult<Option<Duration>> {
        let Some(seconds) = timeout.get_item_opt(phase, vm)? else { return Ok(None) };
        Seconds::read(vm, &format!("the {phase} timeout"), &seconds).map(Seconds::duration)
    };
    Ok(Timeouts {
        connect: limit("connect")?,
        read: limit("read")?,
        write: limit("write")?,
        pool: limit("pool")?,
    })
}
