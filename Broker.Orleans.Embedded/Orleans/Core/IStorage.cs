namespace Orleans.Core;

/// <summary>The stored form of a grain's state.</summary>
public interface IStorage
{
    /// <summary>The version that was last read or written; null when nothing is stored.</summary>
    string? Etag { get; }

    /// <summary>Whether something is stored.</summary>
    bool RecordExists { get; }

    /// <summary>Removes what is stored.</summary>
    Task ClearStateAsync();

    /// <summary>Stores the state.</summary>
    Task WriteStateAsync();

    /// <summary>Replaces the state by what is stored.</summary>
    Task ReadStateAsync();
}

/// <summary>A grain's state and its stored form.</summary>
public interface IStorage<TState> : IStorage
{
    /// <summary>The state in memory.</summary>
    TState State { get; set; }
}
