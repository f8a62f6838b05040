using Orleans.Runtime;

namespace Orleans.Storage;

/// <summary>The stored state is of another version than the grain knows: somebody else wrote.</summary>
public class InconsistentStateException : OrleansException
{
    /// <summary>Makes one without a reason.</summary>
    public InconsistentStateException()
    {
    }

    /// <summary>Makes one.</summary>
    public InconsistentStateException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one with both versions.</summary>
    public InconsistentStateException(string errorMsg, string? storedEtag, string? currentEtag)
        : base(errorMsg)
    {
        StoredEtag = storedEtag;
        CurrentEtag = currentEtag;
    }

    /// <summary>The version that is stored.</summary>
    public string? StoredEtag { get; private set; }

    /// <summary>The version that the grain knew.</summary>
    public string? CurrentEtag { get; private set; }
}
