namespace Broker.Storage.Files;

/// <summary>What one sync of a journal is for.</summary>
/// <param name="File">The file, when it was written.</param>
/// <param name="Length">Bytes of it that were written.</param>
/// <param name="IsDirectoryDirty">Whether it was made, replaced or removed.</param>
/// <param name="MustRewrite">Whether a sync failed before.</param>
internal readonly record struct TakenJournal(IStorageFile? File, long Length, bool IsDirectoryDirty, bool MustRewrite);
