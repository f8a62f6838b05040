namespace Broker.Bench.Load;

/// <summary>What is done to a server.</summary>
public enum Work
{
    Publish,
    Consume,
    Both,
}
