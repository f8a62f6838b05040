namespace Orleans.Runtime;

/// <summary>The host of a grain went away, or goes, before the call ended; its outcome is unknown.</summary>
public sealed class SiloUnavailableException : OrleansMessageRejectionException
{
    /// <summary>Makes one without a reason.</summary>
    public SiloUnavailableException()
        : base("Silo unavailable")
    {
    }

    /// <summary>Makes one.</summary>
    public SiloUnavailableException(string msg)
        : base(msg)
    {
    }

    /// <summary>Makes one with a cause.</summary>
    public SiloUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
