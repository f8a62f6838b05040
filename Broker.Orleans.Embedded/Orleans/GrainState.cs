namespace Orleans;

/// <inheritdoc/>
[GenerateSerializer]
public sealed class GrainState<T> : IGrainState<T>
{
    /// <summary>Makes one with no state.</summary>
    public GrainState()
    {
    }

    /// <summary>Makes one that was never stored.</summary>
    public GrainState(T? state)
        : this(state, null)
    {
    }

    /// <summary>Makes one.</summary>
    public GrainState(T? state, string? eTag)
    {
        State = state;
        ETag = eTag;
    }

    /// <inheritdoc/>
    [Id(0)]
    public T? State { get; set; }

    /// <inheritdoc/>
    [Id(1)]
    public string? ETag { get; set; }

    /// <inheritdoc/>
    [Id(2)]
    public bool RecordExists { get; set; }
}
