namespace Broker.Gateway.Security;

/// <summary>What tells that a file has changed. A file that is not there has one too.</summary>
internal readonly record struct FileStamp(long WriteTicks, long Length)
{
    /// <summary>The stamp of a file now, links followed; of nothing when the path is empty.</summary>
    public static FileStamp Of(string path)
    {
        if (path.Length == 0)
            return default;
        FileInfo file = new(path);
        if (file.LinkTarget is not null && file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target)
            file = target;
        return file.Exists ? new FileStamp(file.LastWriteTimeUtc.Ticks, file.Length) : default;
    }
}
