namespace Broker.Serving.Http.Config;

/// <summary>The options that this broker was started with, by the names of nsqd's config file (spec 6.1).</summary>
public interface IBrokerOptions
{
    /// <summary>The value of an option; null when there is none of this name.</summary>
    OptionValue? Find(string name);
}
