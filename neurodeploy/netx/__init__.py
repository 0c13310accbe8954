"""The netx file format, exactly: the `Network` that every part takes, reader, writer, checks."""
