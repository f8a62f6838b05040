namespace Orleans.Concurrency;

/// <summary>Requests of this grain class may begin while others wait for something.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ReentrantAttribute : Attribute;
