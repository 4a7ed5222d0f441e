"""Finds the arguments of handlers."""


class ArgumentResolver:
    """Finds arguments by their names, those of the annotated type first, in a request before its connection."""

    @staticmethod
    def resolve(required_params, annotations, connection_ctx, request_ctx):
        """Return a dict of arguments; what is not found is `None`."""
        params = {}
        for name in required_params:
            kind, found = annotations.get(name), None
            for context in (request_ctx, connection_ctx):
                if kind:
                    found = context.find_param_with_type(name, kind)
                found = found or context.find_param(name)
                if found:
                    break
            params[name] = found or None
        return params
