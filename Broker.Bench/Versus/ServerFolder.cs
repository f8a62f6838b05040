namespace Broker.Bench.Versus;

/// <summary>A folder for a server's data, which is removed with all that is in it.</summary>
internal sealed class ServerFolder : IDisposable
{
    /// <param name="parent">Where to make it; null for the system's folder of temporary files.</param>
    public ServerFolder(string? parent) =>
        Path = parent is null
            ? Directory.CreateTempSubdirectory("broker-bench-").FullName
            : Directory.CreateDirectory(System.IO.Path.Combine(parent, $"broker-bench-{Guid.NewGuid():N}")).FullName;

    public string Path { get; }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
