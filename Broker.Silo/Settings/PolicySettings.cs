using System.Buffers;
using System.Text;
using Broker.Gateway.Http.Policies;
using Broker.Policies;
using Broker.Silo.Config;
using Broker.Silo.Flags;

namespace Broker.Silo.Settings;

/// <summary>What a config file says of topics by their names.</summary>
internal static class PolicySettings
{
    /// <summary>Takes the policies over where topics are hosted; elsewhere they are ignored, with a warning.</summary>
    /// <exception cref="SettingsException">One cannot be as it is written; the message names its line.</exception>
    public static void Apply(ConfigFile file, FlagCatalogue catalogue, BrokerSettings settings)
    {
        if (file.Policies.Count == 0)
            return;
        if (!catalogue.HostsTopics)
        {
            settings.Warnings.Add($"{file.Path}:{file.Policies[0].Line}: {ConfigPolicies.Key}: ignored, there are no topics here");
            return;
        }

        settings.Queue.Policies = [.. file.Policies.SelectMany(policy => Read(file.Path, policy))];
    }

    private static IEnumerable<PatternPolicy> Read(string path, ConfigPolicy policy)
    {
        TopicPolicy read;
        try
        {
            read = PolicyReader.ReadTopic(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(policy.Json)));
        }
        catch (InvalidPolicyException e)
        {
            throw new SettingsException($"{path}:{policy.Line}: {ConfigPolicies.Key}: {e.Message}");
        }

        return policy.Topics.Select(topics => new PatternPolicy(topics, read));
    }
}
