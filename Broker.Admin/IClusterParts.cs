namespace Broker.Admin;

/// <summary>Tells the cluster page what this process is made of. Every one in the container is asked.</summary>
public interface IClusterParts
{
    /// <summary>The parts as they are now.</summary>
    ValueTask<IReadOnlyList<ClusterPart>> DescribeAsync(CancellationToken cancellation);
}
