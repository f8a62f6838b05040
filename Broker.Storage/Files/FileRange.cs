namespace Broker.Storage.Files;

/// <summary>Bytes of a file.</summary>
internal readonly record struct FileRange(long Position, long Length);
