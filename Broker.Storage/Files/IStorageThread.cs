namespace Broker.Storage.Files;

/// <summary>A thread that does one kind of work whenever it is woken, or what stands for it in a simulation.</summary>
public interface IStorageThread : IAsyncDisposable
{
    /// <summary>Has the work done once more after this call; several calls before it begins count as one.</summary>
    void Wake();
}
