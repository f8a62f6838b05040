namespace Orleans.Runtime;

/// <summary>The base of what the host itself throws.</summary>
public class OrleansException : Exception
{
    /// <summary>Makes one without a reason.</summary>
    public OrleansException()
        : base("Unexpected error.")
    {
    }

    /// <summary>Makes one.</summary>
    public OrleansException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one with a cause.</summary>
    public OrleansException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
