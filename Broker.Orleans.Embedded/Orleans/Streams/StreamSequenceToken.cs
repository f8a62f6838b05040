namespace Orleans.Streams;

/// <summary>A place in a stream.</summary>
public abstract class StreamSequenceToken
{
}
