// Placeholder declarations until the embedded host lands.
#pragma warning disable
namespace Orleans
{
    public interface IAddressable { }
    public interface IGrain : IAddressable { }
    public interface IGrainObserver : IAddressable { }
    public interface IGrainWithStringKey : IGrain { }
    public sealed class GenerateSerializerAttribute : Attribute { }
    public sealed class IdAttribute(uint id) : Attribute { public uint Id => id; }
    public sealed class AliasAttribute(string alias) : Attribute { public string Alias => alias; }
    public sealed class ImmutableAttribute : Attribute { }
}
namespace Orleans.Concurrency
{
    [AttributeUsage(AttributeTargets.Method)] public sealed class OneWayAttribute : Attribute { }
    [AttributeUsage(AttributeTargets.Method)] public sealed class AlwaysInterleaveAttribute : Attribute { }
    [AttributeUsage(AttributeTargets.Class)] public sealed class ReentrantAttribute : Attribute { }
}
