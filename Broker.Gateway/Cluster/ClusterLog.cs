using Microsoft.Extensions.Logging;

namespace Broker.Gateway.Cluster;

/// <summary>What is logged of the other nodes of the cluster; event id 4108.</summary>
internal static partial class ClusterLog
{
    [LoggerMessage(4108, LogLevel.Warning, "the other nodes of the cluster are not known at the moment: {Cause}")]
    public static partial void NodesUnknown(this ILogger logger, string cause);
}
