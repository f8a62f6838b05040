namespace Broker.Tests.Storage.Files;

/// <summary>A folder of its own for a test, removed at the end.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("broker-storage-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
