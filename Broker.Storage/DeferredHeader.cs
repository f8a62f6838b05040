namespace Broker.Storage;

/// <summary>The due times of a deferred batch.</summary>
/// <param name="BaseOffset">Offset of the first record.</param>
/// <param name="DueTimes">Milliseconds since the Unix epoch, one entry a record.</param>
public readonly record struct DeferredHeader(long BaseOffset, long[] DueTimes);
